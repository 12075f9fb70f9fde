import type { Db } from 'mongodb';

import type { Registration } from '../core/registration.js';
import { sshEndpoint } from '../core/sshEndpoint.js';
import { clusterLives } from './clusterLives.js';
import { CollectionName } from './collections.js';
import { noteEndpoints } from './machines.js';
import { timestamp } from './timestamps.js';
import type { RegistrationStore } from './registrationStore.js';

type RegistrationDocument = Registration & {
  /** `clusterId/hostname`. */
  _id: string;
  clusterId: string;
};

export async function openRegistrations(db: Db): Promise<RegistrationStore> {
  const all = db.collection<RegistrationDocument>(CollectionName.registrations);
  await all.createIndex({ clusterId: 1 });
  return {
    async put(clusterId, registration) {
      const _id = registrationId(clusterId, registration.hostname);
      const ssh = { ipAddress: registration.address, port: String(registration.port) };
      await noteEndpoints(db, clusterId, [
        sshEndpoint({}, { privateIP: registration.address, ssh }),
      ]);
      await all.replaceOne({ _id }, { clusterId, ...registration }, { upsert: true });
      if (!(await clusterLives(db, clusterId))) await all.deleteOne({ _id });
    },
    async get(clusterId, hostname) {
      const found = await all.findOne({ _id: registrationId(clusterId, hostname) });
      return found === null ? undefined : record(found);
    },
    async list(clusterId) {
      return (await all.find({ clusterId }).sort({ hostname: 1 }).toArray()).map(record);
    },
    async approve(clusterId, hostname, by) {
      const { matchedCount } = await all.updateOne(
        { _id: registrationId(clusterId, hostname), approvedAt: { $exists: false } },
        { $set: { approvedAt: timestamp(), approvedBy: by } },
      );
      return matchedCount > 0;
    },
    async remove(clusterId, hostname) {
      await all.deleteOne({ _id: registrationId(clusterId, hostname) });
    },
  };
}

function registrationId(clusterId: string, hostname: string): string {
  return `${clusterId}/${hostname}`;
}

function record({ _id, clusterId: _clusterId, ...rest }: RegistrationDocument): Registration {
  return rest;
}
