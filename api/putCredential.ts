import type { z } from 'zod';

import { AppError, ErrorCode, type Problem } from '../core/errors.js';
import { credentialProblems } from '../core/spec/parseCredential.js';
import { credentialSchema } from '../core/spec/schema/credential.js';
import { CREDENTIAL_SECRET, credentialOwner, type CredentialSecret } from '../core/sshSecrets.js';
import type { CredentialRecord } from '../store/credentialStore.js';
import type { ApiDeps } from './deps.js';
import { inspectSshKey, KeyDefect, type SshKeyInfo } from './sshKeyInfo.js';

type CredentialBody = z.output<typeof credentialSchema>;

/**
 * Checks a credential, seals its key and records it. Nothing is written unless everything is right. What a GET gave
 * has no key: posted back, it keeps the one that is there.
 * @throws AppError InvalidRequest with every problem; Conflict for a key path that is another credential's, or that
 * clusters know this one by.
 */
export async function putCredential(
  deps: ApiDeps,
  project: string,
  raw: unknown,
): Promise<{ record: CredentialRecord; created: boolean }> {
  const { store, vault } = deps;
  const parsed = credentialSchema.safeParse(raw);
  const name = textAt(raw, 'metadata', 'name') ?? '';
  const owner = credentialOwner(project, name);
  const [existing, sealed] = await Promise.all([
    store.credentials.get(project, name),
    store.secrets.get(owner, CREDENTIAL_SECRET),
  ]);
  const stored =
    existing === undefined || sealed === undefined
      ? undefined
      : (JSON.parse(vault.open(owner, sealed)) as CredentialSecret);
  const key = keyOf(raw, stored);
  const info = key === undefined ? undefined : inspectSshKey(key.privateKey, key.passphrase);
  const problems = [...credentialProblems(raw, project), ...keyProblems(raw, info)];
  if (!parsed.success || key === undefined || info?.ok !== true || problems.length > 0) {
    throw new AppError(ErrorCode.InvalidRequest, 'the credential is not valid', { problems });
  }
  await checkKeyPath(deps, project, parsed.data, existing);
  const { username, hostKey } = parsed.data.spec;
  const secret: CredentialSecret = {
    ...key,
    ...(username === undefined ? {} : { username }),
    ...(hostKey === undefined ? {} : { hostKey }),
  };
  // Before the record: a cluster may be told to use it as soon as that is there.
  await store.secrets.put(owner, CREDENTIAL_SECRET, vault.seal(owner, JSON.stringify(secret)));
  const record = await store.credentials.put(recordOf(project, parsed.data, info, key));
  return { record, created: existing === undefined };
}

/** The key that the body brings, else the one that is there, opened by the body's passphrase if it has one. */
function keyOf(
  raw: unknown,
  stored: CredentialSecret | undefined,
): { privateKey: string; passphrase?: string } | undefined {
  const given = textAt(raw, 'spec', 'privateKey');
  const passphrase =
    textAt(raw, 'spec', 'passphrase') ?? (given === undefined ? stored?.passphrase : undefined);
  const privateKey = given?.replaceAll('\r\n', '\n') ?? stored?.privateKey;
  if (privateKey === undefined) return undefined;
  return { privateKey, ...(passphrase === undefined ? {} : { passphrase }) };
}

function keyProblems(raw: unknown, info: SshKeyInfo | undefined): Problem[] {
  if (info === undefined) {
    // What has the wrong type is told by the schema.
    return valueAt(raw, 'spec', 'privateKey') === undefined
      ? [{ path: 'spec.privateKey', message: 'is missing: a new credential needs one' }]
      : [];
  }
  if (info.ok) return [];
  const path = info.defect === KeyDefect.Unusable ? 'spec.privateKey' : 'spec.passphrase';
  return [{ path, message: info.message }];
}

/** A path means one credential, for as long as clusters know it by that path. */
async function checkKeyPath(
  { store }: ApiDeps,
  project: string,
  { metadata: { name }, spec: { privateKeyPath } }: CredentialBody,
  existing: CredentialRecord | undefined,
): Promise<void> {
  if (existing?.privateKeyPath === privateKeyPath) return;
  const others = privateKeyPath === undefined ? [] : await store.credentials.usable(project);
  const other = others.find((one) => one.privateKeyPath === privateKeyPath && one.name !== name);
  if (other !== undefined) {
    throw new AppError(
      ErrorCode.Conflict,
      `spec.privateKeyPath: credential ${other.name} was uploaded for this path already`,
    );
  }
  if (existing?.privateKeyPath === undefined) return;
  const usedBy = await store.credentials.usedBy(project, name);
  if (usedBy.length > 0) {
    throw new AppError(
      ErrorCode.Conflict,
      `spec.privateKeyPath: cannot change from ${existing.privateKeyPath} while clusters use this credential: ${usedBy.join(', ')}`,
    );
  }
}

function recordOf(
  project: string,
  { metadata, spec }: CredentialBody,
  info: Extract<SshKeyInfo, { ok: true }>,
  key: { passphrase?: string },
): Omit<CredentialRecord, 'createdAt' | 'modifiedAt'> {
  const { name, displayName, description, labels, annotations } = metadata;
  const { username, hostKey, privateKeyPath } = spec;
  return {
    ...{ project, name, keyType: info.type, fingerprint: info.fingerprint },
    hasPassphrase: key.passphrase !== undefined,
    ...(displayName === undefined ? {} : { displayName }),
    ...(description === undefined ? {} : { description }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(username === undefined ? {} : { username }),
    ...(hostKey === undefined ? {} : { hostKey }),
    ...(privateKeyPath === undefined ? {} : { privateKeyPath }),
  };
}

function textAt(raw: unknown, ...keys: string[]): string | undefined {
  const value = valueAt(raw, ...keys);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function valueAt(raw: unknown, ...keys: string[]): unknown {
  return keys.reduce<unknown>(
    (value, key) =>
      value !== null && typeof value === 'object' && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined,
    raw,
  );
}
