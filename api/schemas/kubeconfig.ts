import { z } from '@hono/zod-openapi';

const named = { name: z.string() };
export const kubeconfigSchema = z
  .looseObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('Config'),
    clusters: z.array(z.looseObject({ ...named, cluster: z.looseObject({ server: z.string() }) })),
    users: z.array(z.looseObject({ ...named, user: z.looseObject({}) })),
    contexts: z.array(
      z.looseObject({
        ...named,
        context: z.looseObject({ cluster: z.string(), user: z.string() }),
      }),
    ),
    'current-context': z.string(),
  })
  .meta({ id: 'Kubeconfig', description: 'A kubeconfig file, as YAML' });

export const KUBECONFIG_EXAMPLE = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    {
      name: 'demo-cluster',
      cluster: {
        server: 'https://10.0.0.93:6443',
        'tls-server-name': 'api.demo-cluster.plinth.internal',
        'certificate-authority-data': 'LS0tLS1CRUdJTi…',
      },
    },
  ],
  users: [
    {
      name: 'kubernetes-admin',
      user: {
        'client-certificate-data': 'LS0tLS1CRUdJTi…',
        'client-key-data': 'LS0tLS1CRUdJTi…',
      },
    },
  ],
  contexts: [
    { name: 'demo-cluster', context: { cluster: 'demo-cluster', user: 'kubernetes-admin' } },
  ],
  'current-context': 'demo-cluster',
};
