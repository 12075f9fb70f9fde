import type { Db } from 'mongodb';

import { AppError, ErrorCode } from '../core/errors.js';
import { CollectionName } from './collections.js';
import { openCredentialUses } from './credentialUses.js';
import { mapSlice, nameCondition, readPage } from './paging.js';
import { timestamp } from './timestamps.js';
import type { CredentialRecord, CredentialStore } from './credentialStore.js';

interface CredentialDocument extends CredentialRecord {
  /** `project/name`. */
  _id: string;
  /** It is being removed: no new cluster may name it. */
  removing?: true;
}

/** What is known of uploaded credentials in the open; the keys themselves are secrets. */
export async function openCredentials(db: Db): Promise<CredentialStore> {
  const credentials = db.collection<CredentialDocument>(CollectionName.credentials);
  await credentials.createIndex({ project: 1, name: 1 });
  const uses = await openCredentialUses(db);
  const alive = { removing: { $exists: false } };
  const find = async (project: string, name: string): Promise<CredentialRecord | undefined> => {
    const found = await credentials.findOne({ _id: credentialId(project, name) });
    return found === null ? undefined : record(found);
  };
  return {
    async put(input) {
      const _id = credentialId(input.project, input.name);
      const now = timestamp();
      const createdAt = (await credentials.findOne({ _id }))?.createdAt ?? now;
      const document = { ...input, createdAt, modifiedAt: now };
      await credentials.replaceOne({ _id }, document, { upsert: true });
      return document;
    },
    get: find,
    async list(project, { name, after, ...page }) {
      const of = (last?: string) => ({ project, name: nameCondition(name, last) ?? { $gte: '' } });
      const query = {
        ...{ filter: of(), sort: { name: 1 } as const },
        ...(after === undefined ? {} : { after: of(after) }),
      };
      return mapSlice(await readPage(credentials, query, page), record);
    },
    async usable(project) {
      return (
        await credentials
          .find({ project, ...alive })
          .sort({ name: 1 })
          .toArray()
      ).map(record);
    },
    async noteUse(project, name, cluster) {
      await uses.note(project, name, cluster);
      // After the note: of a removal and an apply at once, at least one sees the other.
      const found = await credentials.findOne({ _id: credentialId(project, name), ...alive });
      if (found === null) {
        throw new AppError(
          ErrorCode.Conflict,
          `credential ${name} was deleted meanwhile: upload it again, or name another one`,
        );
      }
    },
    async usedBy(project, name) {
      const found = await find(project, name);
      return found === undefined ? [] : uses.of(found);
    },
    async remove(project, name) {
      const _id = credentialId(project, name);
      const marked = await credentials.findOneAndUpdate({ _id }, { $set: { removing: true } });
      if (marked === null) return { removed: false, usedBy: [] };
      const usedBy = await uses.of(marked);
      if (usedBy.length > 0) {
        await credentials.updateOne({ _id }, { $unset: { removing: true } });
        return { removed: false, usedBy };
      }
      await credentials.deleteOne({ _id, removing: true });
      return { removed: true, usedBy: [] };
    },
  };
}

function credentialId(project: string, name: string): string {
  return `${project}/${name}`;
}

function record({ _id, removing: _removing, ...rest }: CredentialDocument): CredentialRecord {
  return rest;
}
