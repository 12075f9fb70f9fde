import { z } from '@hono/zod-openapi';

const name = (what: string, example: string): z.ZodString =>
  z.string().meta({ description: what, example });

export const projectParam = z.object({ project: name("The project's name", 'defaultproject') });

export const clusterParams = projectParam.extend({
  name: name("The cluster's name", 'demo-cluster'),
});

export const blueprintParams = projectParam.extend({
  name: name("The blueprint's name", 'default'),
});

export const nodeParams = clusterParams.extend({
  hostname: name("The node's hostname", 'ap-node1'),
});

export const credentialParams = projectParam.extend({
  name: name("The credential's name", 'fleet'),
});

export const webhookParams = projectParam.extend({
  name: name("The webhook's name", 'pager'),
});

export const snapshotParams = clusterParams.extend({ id: name("The snapshot's id", 'kq3x9ab') });

export const tasksetParams = clusterParams.extend({ id: name("The taskset's id", 'lk5xw2e') });
