import { z } from '@hono/zod-openapi';

import { credentialLogin, credentialMetadata } from '../../core/spec/schema/credential.js';
import { API_VERSION } from '../../core/words.js';
import type { CredentialRecord } from '../../store/credentialStore.js';

/** A credential as it is answered: never its key. */
export interface CredentialView {
  apiVersion: typeof API_VERSION;
  kind: 'Credential';
  metadata: Pick<CredentialRecord, 'name' | 'project' | 'modifiedAt'> &
    Partial<Pick<CredentialRecord, 'displayName' | 'description' | 'labels' | 'annotations'>>;
  spec: { type: 'ssh' } & Partial<
    Pick<CredentialRecord, 'username' | 'hostKey' | 'privateKeyPath'>
  >;
  status: Pick<CredentialRecord, 'keyType' | 'fingerprint' | 'createdAt'> & {
    passphrase: boolean;
  };
}

export const credentialViewSchema = z
  .object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('Credential'),
    metadata: z.object({ ...credentialMetadata, project: z.string(), modifiedAt: z.string() }),
    spec: z.object({ type: z.literal('ssh'), ...credentialLogin }),
    status: z.object({
      keyType: z.string().meta({ example: 'ssh-ed25519' }),
      fingerprint: z.string().meta({ description: 'Of the public key, as `ssh-keygen -l` says.' }),
      passphrase: z.boolean().meta({ description: 'Whether the key has one.' }),
      createdAt: z.string(),
    }),
  })
  .meta({ id: 'CredentialView' });

export const CREDENTIAL_EXAMPLE = {
  apiVersion: API_VERSION,
  kind: 'Credential',
  metadata: { name: 'fleet', project: 'defaultproject', description: 'Our racks' },
  spec: { type: 'ssh', username: 'ubuntu', privateKey: '-----BEGIN OPENSSH PRIVATE KEY-----\n…' },
};

export const CREDENTIAL_VIEW_EXAMPLE = {
  ...{ apiVersion: API_VERSION, kind: 'Credential' },
  metadata: { ...CREDENTIAL_EXAMPLE.metadata, modifiedAt: '2026-11-24T08:20:11.300000Z' },
  spec: { type: 'ssh', username: 'ubuntu' },
  status: {
    keyType: 'ssh-ed25519',
    fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BrqZQIQzHqXQ0hnM0rTSjRNA',
    ...{ passphrase: false, createdAt: '2026-11-24T08:20:11.300000Z' },
  },
} as const;

export function credentialView(record: CredentialRecord): CredentialView {
  const { name, project, modifiedAt, displayName, description, labels, annotations } = record;
  const { username, hostKey, privateKeyPath, keyType, fingerprint, createdAt } = record;
  return {
    apiVersion: API_VERSION,
    kind: 'Credential',
    metadata: given({ name, project, displayName, description, labels, annotations, modifiedAt }),
    spec: { type: 'ssh', ...given({ username, hostKey, privateKeyPath }) },
    status: { keyType, fingerprint, passphrase: record.hasPassphrase, createdAt },
  };
}

/** Without what is undefined. */
function given<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
