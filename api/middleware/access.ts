import { createMiddleware } from 'hono/factory';

import { AppError, ErrorCode } from '../../core/errors.js';
import type { ApiKeyRecord, KeyRole } from '../../store/apiKeyStore.js';
import type { Project } from '../../store/projectStore.js';
import { hashApiKey, keyOfRequest, sameHash } from '../auth/apiKey.js';
import { hasRole, mayEnter, principalOfKey, type Principal } from '../auth/principal.js';
import { enforceSameOrigin } from '../web/sameOrigin.js';
import { sessionOf, tokenOf } from '../web/sessions.js';
import type { ApiContext, ApiEnv } from '../env.js';
import { limitOfAddress, limitOfKey } from '../requestLimits.js';
import { idempotently } from './idempotent.js';

/** Lets in keys of at least this role, whatever project they are for. */
export function keyAccess(role: KeyRole) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    await authenticate(c, role);
    return idempotently(c, next);
  });
}

/** Lets in keys of at least this role that are for every project. */
export function globalAccess(role: KeyRole) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const principal = await authenticate(c, role);
    if (principal.project !== undefined) {
      throw new AppError(
        ErrorCode.Forbidden,
        `this needs a key for every project: ${principal.name} is for project ${principal.project}`,
      );
    }
    return idempotently(c, next);
  });
}

/** Lets in keys of at least this role for the project named in the path; NotFound when it does not exist. */
export function projectAccess(role: KeyRole) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const principal = await authenticate(c, role);
    const name = c.req.param('project') ?? '';
    // Before the look-up: a key for one project learns nothing about others.
    if (!mayEnter(principal, name)) throw foreignProject(principal, name);
    const project = await c.var.deps.store.projects.get(name);
    enter(c, project, `project ${name} does not exist`);
    return idempotently(c, next);
  });
}

/** The same for v1 paths, which name the project by its id. */
export function projectIdAccess(role: KeyRole) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const principal = await authenticate(c, role);
    const id = c.req.param('projectId') ?? '';
    const project = await c.var.deps.store.projects.getById(id);
    if (principal.project !== undefined && principal.project !== project?.name) {
      throw foreignProject(principal, id);
    }
    enter(c, project, `there is no project with the id ${id}`);
    return idempotently(c, next);
  });
}

function enter(c: ApiContext, project: Project | undefined, otherwise: string): void {
  if (project === undefined) throw new AppError(ErrorCode.NotFound, otherwise);
  c.set('project', project);
}

async function authenticate(c: ApiContext, role: KeyRole): Promise<Principal> {
  const key = keyOfRequest((name) => c.req.header(name));
  const record = key === undefined ? await keyOfSession(c) : await knownKey(c, key);
  const principal = principalOfKey(record);
  c.set('principal', principal);
  limitOfKey(c, principal.keyId);
  if (!hasRole(principal, role)) {
    throw new AppError(
      ErrorCode.Forbidden,
      `this needs the role ${role}: the key ${record.name} has the role ${record.role}`,
    );
  }
  return principal;
}

/**
 * The record of a key that is good. What is not counts against the address it comes from.
 * @throws AppError Unauthorized
 */
export async function knownKey(c: ApiContext, key: string): Promise<ApiKeyRecord> {
  const hash = hashApiKey(key);
  const record = await c.var.deps.store.apiKeys.findByHash(hash);
  if (record !== undefined && sameHash(record.hash, hash) && record.revokedAt === undefined) {
    return record;
  }
  limitOfAddress(c);
  throw new AppError(ErrorCode.Unauthorized, 'this API key is not known here, or was revoked');
}

/** The key that the console's session was opened with: the session ends with it. */
async function keyOfSession(c: ApiContext): Promise<ApiKeyRecord> {
  if (tokenOf(c) === undefined) {
    limitOfAddress(c);
    throw new AppError(
      ErrorCode.Unauthorized,
      'an API key is needed: send it as X-API-KEY, X-RAFAY-API-KEYID or Authorization: Bearer',
    );
  }
  enforceSameOrigin(c);
  const session = await sessionOf(c);
  const record = session && (await c.var.deps.store.apiKeys.get(session.keyId));
  if (session === undefined || record === undefined || record.revokedAt !== undefined) {
    limitOfAddress(c);
    throw new AppError(ErrorCode.Unauthorized, 'the session has ended: log in again');
  }
  c.set('session', session);
  return record;
}

function foreignProject(principal: Principal, project: string): AppError {
  return new AppError(
    ErrorCode.Forbidden,
    `the key ${principal.name} is not for project ${project}`,
  );
}
