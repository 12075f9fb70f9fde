import { z } from '@hono/zod-openapi';

export const snapshotSchema = z
  .object({
    id: z.string(),
    createdAt: z.string().meta({ description: 'When it was taken.' }),
    node: z.string().meta({ description: 'The control plane that it was taken on.' }),
    kubernetesVersion: z.string(),
    etcdRevision: z.string().optional(),
    size: z.int().meta({ description: "Bytes of etcd's data." }),
    storedSize: z.int().meta({ description: 'The same compressed, as it is kept.' }),
    sha256: z.string().meta({ description: "Of etcd's data." }),
  })
  .meta({ id: 'Snapshot' });

export const askedSnapshotSchema = z
  .object({
    id: z.string().meta({ description: 'It is in the list under this id once it is taken.' }),
    cluster: z.string(),
  })
  .meta({ id: 'AskedSnapshot' });

export const restoreSchema = z
  .strictObject({
    snapshot: z.string().min(1).max(64).meta({ description: 'Its id, of the list of snapshots.' }),
  })
  .meta({ id: 'Restore' });

export const SNAPSHOT_EXAMPLE = {
  ...{ id: 'kq3x9ab', createdAt: '2026-11-25T18:00:04.120Z', node: 'ap-node1' },
  ...{ kubernetesVersion: 'v1.34.4', etcdRevision: '48213', size: 24_870_944 },
  storedSize: 5_120_332,
  sha256: '9f2c1d0f7f1b4f1a6c1b8b0d4f6f9a6c0d2b7c3e5a8f1e9d4c6b2a7e8f0d1c3b',
} as const;
