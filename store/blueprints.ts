import type { Db } from 'mongodb';

import {
  isBuiltIn,
  pinnedVersion,
  resolved,
  type BlueprintRecord,
  type BlueprintVersion,
  type StoredAddon,
} from '../core/blueprints.js';
import { AppError, ErrorCode } from '../core/errors.js';
import { stableJson } from '../core/stableJson.js';
import { openBlueprintUses } from './blueprintUses.js';
import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import { mapSlice, nameCondition, readPage } from './paging.js';
import { openRollouts } from './rollouts.js';
import { timestamp } from './timestamps.js';
import type { BlueprintStore } from './blueprintStore.js';

export interface BlueprintDocument extends BlueprintRecord {
  /** `project/name`. */
  _id: string;
  /** It is being removed: no new cluster may name it. */
  removing?: true;
  /** A version has yet to come to the clusters that follow it. */
  rolloutPending?: boolean;
}

/** Add-ons are JSON text: their names may hold what a database reads as paths. */
interface VersionDocument extends Omit<BlueprintVersion, 'addons'> {
  /** `project/name/sequence`: whoever makes it first has the number. */
  _id: string;
  addons: string;
}

/** Each lost round means that another version was made meanwhile. */
const MAX_ROUNDS = 20;

export async function openBlueprints(db: Db): Promise<BlueprintStore> {
  const blueprints = db.collection<BlueprintDocument>(CollectionName.blueprints);
  const versions = db.collection<VersionDocument>(CollectionName.blueprintVersions);
  await blueprints.createIndex({ project: 1, name: 1 });
  await blueprints.createIndex({ rolloutPending: 1 }, { sparse: true }, undefined);
  await versions.createIndex({ project: 1, name: 1, version: 1 }, { unique: true }, undefined);
  await versions.createIndex({ project: 1, name: 1, sequence: -1 });
  const uses = await openBlueprintUses(db);
  const alive = { removing: { $exists: false } };

  const version: BlueprintStore['version'] = async (project, name, word) => {
    const [found] = await versions
      .find({ project, name, ...(word === undefined ? {} : { version: word }) })
      .sort({ sequence: -1 })
      .limit(1)
      .toArray();
    return found === undefined ? undefined : versionRecord(found);
  };

  /** The number and the word that a new version gets now. */
  const next = async (
    project: string,
    name: string,
    word: string | undefined,
  ): Promise<{ sequence: number; version: string }> => {
    const newest = await version(project, name);
    const sequence = (newest?.sequence ?? 0) + 1;
    if (word !== undefined) return { sequence, version: word };
    for (let number = sequence; ; number += 1) {
      const numbered = `v${String(number)}`;
      if ((await version(project, name, numbered)) === undefined) {
        return { sequence, version: numbered };
      }
    }
  };

  const putVersion = async (
    input: Parameters<BlueprintStore['put']>[0],
  ): Promise<{ version: BlueprintVersion; changed: boolean }> => {
    const { project, name } = input.record;
    const { version: word, ...content } = input.version;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const standing = await version(project, name, word);
      if (standing !== undefined && contentOf(standing) === contentOf(content)) {
        return { version: standing, changed: false };
      }
      if (standing !== undefined && word !== undefined) {
        throw new AppError(
          ErrorCode.Conflict,
          `spec.version: ${word} of blueprint ${name} is there with another content, and versions do not change: give another one, or leave it out`,
        );
      }
      const made: BlueprintVersion = {
        ...{ project, name, ...(await next(project, name, word)), given: word !== undefined },
        ...{ ...content, createdAt: timestamp() },
      };
      const _id = `${project}/${name}/${String(made.sequence)}`;
      try {
        await versions.insertOne({ ...made, _id, addons: JSON.stringify(made.addons) });
        return { version: made, changed: true };
      } catch (error) {
        if (!isDuplicate(error)) throw error;
      }
    }
    throw new AppError(
      ErrorCode.Busy,
      `blueprint ${name} is being changed by too many others at once: try again`,
    );
  };

  return {
    async put(input) {
      const { project, name } = input.record;
      const _id = blueprintId(project, name);
      const before = await blueprints.findOne({ _id });
      if (before === null) {
        // First, so that a version never stands without it.
        const document = { ...input.record, createdAt: timestamp(), modifiedAt: timestamp() };
        await blueprints.updateOne({ _id }, { $setOnInsert: document }, { upsert: true });
      } else {
        // Before the version: a kill in between leaves a rollout of nothing at most.
        await blueprints.updateOne({ _id, ...alive }, { $set: { rolloutPending: true } });
      }
      const { version: made, changed } = await putVersion(input);
      const head = await blueprints.findOneAndUpdate({ _id, ...alive }, headUpdate(input.record), {
        returnDocument: 'after',
      });
      if (head === null) {
        throw new AppError(ErrorCode.Conflict, `blueprint ${name} is being deleted: try again`);
      }
      return { record: recordOf(head), version: made, created: before === null, changed };
    },
    async get(project, name) {
      const found = await blueprints.findOne({ _id: blueprintId(project, name), ...alive });
      return found === null ? undefined : recordOf(found);
    },
    version,
    async versions(project, name, { after, ...page }) {
      const of = { project, name };
      const query = {
        ...{ filter: of, sort: { sequence: -1 } as const },
        ...(after === undefined ? {} : { after: { ...of, sequence: { $lt: after } } }),
      };
      return mapSlice(await readPage(versions, query, page), versionRecord);
    },
    async list(project, { name, after, ...page }) {
      const of = (last?: string) => ({
        ...{ project, ...alive, name: nameCondition(name, last) ?? { $gte: '' } },
      });
      const query = {
        ...{ filter: of(), sort: { name: 1 } as const },
        ...(after === undefined ? {} : { after: of(after) }),
      };
      return mapSlice(await readPage(blueprints, query, page), recordOf);
    },
    async words(project) {
      const [heads, found] = await Promise.all([
        blueprints.find({ project, ...alive }, { projection: { name: 1 } }).toArray(),
        versions
          .find({ project }, { projection: { name: 1, version: 1 } })
          .sort({ sequence: 1 })
          .toArray(),
      ]);
      const words = new Map<string, string[]>(heads.map(({ name }) => [name, []]));
      for (const { name, version: word } of found) words.get(name)?.push(word);
      return new Map([...words].filter(([, list]) => list.length > 0));
    },
    async resolve(project, ref) {
      if (isBuiltIn(ref.name)) return undefined;
      const pinned = pinnedVersion(ref);
      const found = await version(project, ref.name, pinned);
      if (found === undefined) {
        const of = pinned === undefined ? '' : ` version ${pinned}`;
        throw new AppError(
          ErrorCode.NotFound,
          `project ${project} has no blueprint ${ref.name}${of}`,
        );
      }
      return resolved(found);
    },
    async noteUse(project, name, cluster) {
      await uses.note(project, name, cluster);
      // After the note: of a removal and an apply at once, at least one sees the other.
      const found = await blueprints.findOne({ _id: blueprintId(project, name), ...alive });
      if (found === null) {
        throw new AppError(
          ErrorCode.Conflict,
          `blueprint ${name} was deleted meanwhile: make it again, or name another one`,
        );
      }
    },
    usedBy: (project, name) => uses.of(project, name),
    async remove(project, name) {
      const _id = blueprintId(project, name);
      const marked = await blueprints.findOneAndUpdate({ _id }, { $set: { removing: true } });
      if (marked === null) return { removed: false, usedBy: [] };
      const usedBy = await uses.of(project, name);
      if (usedBy.length > 0) {
        await blueprints.updateOne({ _id }, { $unset: { removing: true } });
        return { removed: false, usedBy };
      }
      await versions.deleteMany({ project, name });
      await db.collection(CollectionName.blueprintRollouts).deleteMany({ project, name });
      await blueprints.deleteOne({ _id, removing: true });
      return { removed: true, usedBy: [] };
    },
    ...(await openRollouts(db)),
  };
}

/** What makes a version another one. */
function contentOf({
  base,
  baseGiven,
  driftPolicy,
  addons,
}: Pick<BlueprintVersion, 'base' | 'baseGiven' | 'driftPolicy' | 'addons'>): string {
  return stableJson({ base, baseGiven, driftPolicy, addons });
}

/** What is not given goes: the head is what was posted last. */
function headUpdate(record: Omit<BlueprintRecord, 'createdAt' | 'modifiedAt'>) {
  const { displayName, description, labels, annotations, driftEveryHours, rollout } = record;
  const texts = { displayName, description, labels, annotations };
  const optional = Object.entries({ ...texts, driftEveryHours, rollout });
  const given = optional.filter(([, value]) => value !== undefined);
  const left = optional.filter(([, value]) => value === undefined);
  return {
    $set: { ...Object.fromEntries(given), modifiedAt: timestamp() },
    ...(left.length === 0
      ? {}
      : { $unset: Object.fromEntries(left.map(([key]) => [key, ''])) as Record<string, ''> }),
  };
}

export function blueprintId(project: string, name: string): string {
  return `${project}/${name}`;
}

function recordOf({
  _id,
  removing: _removing,
  rolloutPending: _pending,
  ...rest
}: BlueprintDocument): BlueprintRecord {
  return rest;
}

function versionRecord({ _id, addons, ...rest }: VersionDocument): BlueprintVersion {
  return { ...rest, addons: JSON.parse(addons) as StoredAddon[] };
}
