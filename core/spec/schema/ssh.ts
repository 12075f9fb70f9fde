import { z } from 'zod';
import {
  addressText,
  hostKeyText,
  keyPathText,
  nameText,
  portText,
  usernameText,
} from '../formats.js';

const bastionSchema = z
  .strictObject({
    ipAddress: addressText.meta({ example: '203.0.113.7' }),
    port: portText.optional().meta({ example: '22' }),
    username: usernameText.optional().meta({
      description: "Left out, that of the bastion's credential, else the machine's.",
    }),
    hostKey: hostKeyText.optional().meta({
      description: "The bastion's pinned host key; left out, the first one seen is pinned.",
    }),
    cloudCredentials: nameText.optional().meta({
      description: "The uploaded credential that logs in to it; left out, the machine's key does.",
    }),
  })
  .meta({ id: 'Bastion', description: 'A jump host that connections to the machine go through.' });

const login = {
  username: usernameText
    .optional()
    .meta({ description: 'Needs sudo without a password unless it is root, the default.' }),
  port: portText.optional().meta({ description: 'A string; "22" where left out.', example: '22' }),
  privateKeyPath: keyPathText.optional().meta({
    description: "A private key in the service's key folder.",
    example: 'mks2.pem',
  }),
  passphrase: z.string().min(1).optional().meta({
    description: 'Of the private key. Write-only: never answered.',
    writeOnly: true,
  }),
  bastion: bastionSchema.optional(),
};

export const clusterSshSchema = z
  .strictObject(login)
  .meta({ id: 'ClusterSsh', description: 'How to log in to every node that says nothing else.' });

export const nodeSshSchema = z
  .strictObject({
    ipAddress: addressText.optional().meta({
      description: 'Where the machine is reached; its privateIP where left out.',
      example: '158.101.45.62',
    }),
    ...login,
    hostKey: hostKeyText.optional().meta({
      description: 'The pinned host key; where left out, the first one seen is pinned.',
      example: 'SHA256:uNiVztksCsDhcc0u9e8BrqZQIQzHqXQ0hnM0rTSjRNA',
    }),
  })
  .meta({
    id: 'NodeSsh',
    description: "How to log in to this node, field by field over the cluster's.",
  });
