import type { Db } from 'mongodb';

import { CollectionName } from './collections.js';
import { timestamp } from './timestamps.js';
import type { SessionRecord, SessionStore } from './sessionStore.js';

type SessionDocument = Omit<SessionRecord, 'id'> & { _id: string };

export async function openSessions(db: Db): Promise<SessionStore> {
  const sessions = db.collection<SessionDocument>(CollectionName.sessions);
  // The database clears away by itself about once a minute; until then an expired one reads as absent.
  await sessions.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 }, undefined);
  return {
    async create({ id, ...rest }) {
      const document: SessionDocument = { _id: id, ...rest, createdAt: timestamp() };
      await sessions.insertOne(document);
      return record(document);
    },
    async get(id) {
      const found = await sessions.findOne({ _id: id });
      return found === null || found.expiresAt.getTime() <= Date.now() ? undefined : record(found);
    },
    async remove(id) {
      await sessions.deleteOne({ _id: id });
    },
  };
}

function record({ _id: id, ...rest }: SessionDocument): SessionRecord {
  return { id, ...rest };
}
