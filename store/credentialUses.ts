import type { Db } from 'mongodb';

import { credentialNames, keyPaths } from '../core/credentialNames.js';
import { CommonConditionStatus } from '../core/words.js';
import { clusterRecord, type ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';
import type { CredentialRecord } from './credentialStore.js';

/**
 * That a cluster's apply named a credential. Written before the cluster is, and checked against it when read: it may
 * name too much, never too little.
 */
interface UseDocument {
  /** `project/credential/cluster`. */
  _id: string;
  project: string;
  credential: string;
  cluster: string;
  notedAt: Date;
}

/** An apply between its note and its record counts as a use; none takes this long. */
const RECORDING_MS = 60_000;

export interface CredentialUses {
  note(project: string, credential: string, cluster: string): Promise<void>;
  /** Names of the clusters that may need it, and forgets the notes that are no longer true. */
  of(credential: CredentialRecord): Promise<string[]>;
}

export async function openCredentialUses(db: Db): Promise<CredentialUses> {
  const uses = db.collection<UseDocument>(CollectionName.credentialUses);
  const clusters = db.collection<ClusterDocument>(CollectionName.clusters);
  await uses.createIndex({ project: 1, credential: 1 });
  return {
    async note(project, credential, cluster) {
      const _id = [project, credential, cluster].join('/');
      const use = { project, credential, cluster, notedAt: new Date() };
      await uses.replaceOne({ _id }, use, { upsert: true });
    },
    async of(credential) {
      const { project, name } = credential;
      const noted = await uses.find({ project, credential: name }).sort({ cluster: 1 }).toArray();
      const used: string[] = [];
      for (const { _id, cluster, notedAt } of noted) {
        const found = await clusters.findOne({ project, name: cluster });
        if (found === null ? isFresh(notedAt) : mayNeed(found, credential, notedAt)) {
          used.push(cluster);
        } else {
          await uses.deleteOne({ _id, notedAt });
        }
      }
      return used;
    },
  };
}

function mayNeed(document: ClusterDocument, credential: CredentialRecord, notedAt: Date): boolean {
  const { desired, applied } = clusterRecord(document);
  const { name, privateKeyPath } = credential;
  const isNamed = [desired.spec, applied.spec].some(
    (spec) =>
      spec !== undefined &&
      (credentialNames(spec).includes(name) ||
        (privateKeyPath !== undefined && keyPaths(spec).includes(privateKeyPath))),
  );
  // Until a change is through, machines that leave are reached as the spec before it said.
  return isNamed || !isSettled(document) || isFresh(notedAt);
}

function isSettled({ waiting, deleting, commonStatus }: ClusterDocument): boolean {
  return !waiting && !deleting && commonStatus.conditionStatus === CommonConditionStatus.Ok;
}

function isFresh(notedAt: Date): boolean {
  return Date.now() - notedAt.getTime() < RECORDING_MS;
}
