import type { Db } from 'mongodb';

import { AppError, ErrorCode } from '../core/errors.js';
import { batched } from './batched.js';
import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import { newId } from './newId.js';
import { mapSlice, nameCondition, readPage } from './paging.js';
import { timestamp } from './timestamps.js';
import type { Project, ProjectStore } from './projectStore.js';

/** A project never changes. It may be another one of that name after the database was put back to an earlier state. */
const KEPT_MS = 60_000;
const MOST_KEPT = 10_000;

type ProjectDocument = Omit<Project, 'id'> & { _id: string };

export async function openProjects(db: Db): Promise<ProjectStore> {
  const projects = db.collection<ProjectDocument>(CollectionName.projects);
  await projects.createIndex({ name: 1 }, { unique: true }, undefined);
  const findByName = batched(async (names) => {
    const found = await projects.find({ name: { $in: names } }).toArray();
    return new Map(found.map((one) => [one.name, project(one)]));
  });
  const known = new Map<string, { project: Project; until: number }>();
  return {
    async create({ name, description = '', default: isDefault = false }) {
      const now = timestamp();
      for (;;) {
        const document: ProjectDocument = {
          ...{ _id: newId(), name, description, default: isDefault },
          ...{ createdAt: now, modifiedAt: now },
        };
        try {
          await projects.insertOne(document);
          return project(document);
        } catch (error) {
          if (!isDuplicate(error)) throw error;
          // Otherwise it was the id that was taken: another one.
          if ((await projects.findOne({ name })) !== null) {
            throw new AppError(ErrorCode.Conflict, `there is a project ${name} already`);
          }
        }
      }
    },
    async get(name) {
      const kept = known.get(name);
      if (kept !== undefined && Date.now() < kept.until) return kept.project;
      known.delete(name);
      const found = await findByName(name);
      // Every request asks for one; that there is none is not kept: it may be made at any moment.
      if (found === undefined) return undefined;
      if (known.size >= MOST_KEPT) known.clear();
      known.set(name, { project: found, until: Date.now() + KEPT_MS });
      return found;
    },
    async getById(id) {
      const found = await projects.findOne({ _id: id });
      return found === null ? undefined : project(found);
    },
    async list({ name, after, ...page }) {
      // The least name, so that there is always a range of the index to walk.
      const query = {
        ...{ filter: { name: nameCondition(name) ?? { $gte: '' } }, sort: { name: 1 } as const },
        ...(after === undefined ? {} : { after: { name: nameCondition(name, after) ?? {} } }),
      };
      return mapSlice(await readPage(projects, query, page), project);
    },
  };
}

function project({ _id: id, ...rest }: ProjectDocument): Project {
  return { id, ...rest };
}
