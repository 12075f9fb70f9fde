import { z } from '@hono/zod-openapi';

import { hostKeyText, keyPathText, nameText, usernameText } from '../../core/spec/formats.js';
import type { CredentialRecord } from '../../store/credentialStore.js';

const API_VERSION = 'infra.k8smgmt.io/v3';
const PAIRS = z.record(z.string(), z.string());

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

const login = {
  username: usernameText.optional().meta({
    description: 'Of machines whose `ssh` names none.',
    example: 'ubuntu',
  }),
  hostKey: hostKeyText.optional().meta({
    description:
      'The pinned host key of what is logged in to with it, where there is but one machine: a bastion, say.',
  }),
  privateKeyPath: keyPathText
    .refine((path) => path.startsWith('/'), { error: 'must be an absolute path' })
    .optional()
    .meta({
      description: 'Specs whose `privateKeyPath` is this absolute path mean this credential.',
      example: '/home/ops/.ssh/fleet.pem',
    }),
};

const metadata = {
  name: nameText.meta({ example: 'fleet' }),
  displayName: z.string().max(256).optional(),
  description: z.string().max(2048).optional(),
  labels: PAIRS.optional(),
  annotations: PAIRS.optional(),
};

const ignored = z
  .unknown()
  .optional()
  .meta({ description: 'Set by the server; ignored when sent.' });

export const credentialSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).optional(),
    kind: z.literal('Credential').optional(),
    metadata: z.strictObject({
      ...metadata,
      project: z.string().optional().meta({ description: "Left out, the URL's." }),
      modifiedAt: ignored,
    }),
    spec: z.strictObject({
      type: z.literal('ssh').optional(),
      ...login,
      privateKey: z.string().min(1).max(65_536).optional().meta({
        description:
          'OpenSSH, PEM (PKCS#1, SEC 1) or PKCS#8. Write-only: never answered. Left out in a change: the one that is there, with its passphrase.',
        writeOnly: true,
      }),
      passphrase: z.string().min(1).max(1024).optional().meta({
        description: 'Of the private key. Write-only: never answered.',
        writeOnly: true,
      }),
    }),
    status: ignored,
  })
  .meta({ id: 'Credential', description: 'An SSH login that clusters of the project can name.' });

export const credentialViewSchema = z
  .object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('Credential'),
    metadata: z.object({ ...metadata, project: z.string(), modifiedAt: z.string() }),
    spec: z.object({ type: z.literal('ssh'), ...login }),
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
