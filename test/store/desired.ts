import type { NodeSpec } from '../../core/cluster.js';
import type { Desired } from '../../core/specHash.js';
import type { Store } from '../../store/types.js';

export const project = 'defaultproject';

export function node(n: number, set: Partial<NodeSpec> = {}): NodeSpec {
  return {
    hostname: `node-${String(n)}`,
    operatingSystem: 'Debian12',
    arch: 'amd64',
    privateIP: `10.0.0.${String(n)}`,
    roles: n === 1 ? ['ControlPlane'] : ['Worker'],
    ssh: { privateKeyPath: 'id_ed25519' },
    ...set,
  };
}

export function desired(name: string, nodes: NodeSpec[] = [node(1), node(2)]): Desired {
  return {
    apiVersion: 'infra.k8smgmt.io/v3',
    kind: 'Cluster',
    metadata: { name, project, labels: { 'example.com/team.a': '$x' } },
    spec: {
      type: 'mks',
      blueprint: { name: 'minimal', version: '1' },
      config: {
        kubernetesVersion: 'v1.34.4',
        network: {
          cni: { name: 'Calico', version: '3.28.5' },
          podSubnet: '10.244.0.0/16',
          serviceSubnet: '10.96.0.0/12',
        },
        nodes,
      },
    },
  };
}

export function applyTo(store: Store) {
  return (name: string, nodes?: NodeSpec[], secretsHash = 'h') =>
    store.clusters.apply({ project, name, desired: desired(name, nodes), secretsHash });
}
