import { z } from 'zod';

import { API_VERSION } from '../../words.js';
import { hostKeyText, keyPathText, nameText, usernameText } from '../formats.js';

const PAIRS = z.record(z.string(), z.string());

/** What of a login everybody may read. */
export const credentialLogin = {
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

export const credentialMetadata = {
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
      ...credentialMetadata,
      project: z.string().optional().meta({ description: "Left out, the URL's." }),
      modifiedAt: ignored,
    }),
    spec: z.strictObject({
      type: z.literal('ssh').optional(),
      ...credentialLogin,
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
