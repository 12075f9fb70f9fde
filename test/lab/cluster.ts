import type { Cluster, NodeSpec } from '../../core/cluster.js';
import type { Lab } from '../../lab/lab.js';

/** For kubelets: the machines' disks are the host's, and how full that is, in per cent, is not looked at. */
export const HOST_DISKS =
  'evictionHard: {imagefs.available: 2Gi, nodefs.available: 2Gi, memory.available: 100Mi}';

/** A cluster on lab machines: the first ones are control planes (one, unless told), and take work as well. */
export function labCluster(
  lab: Lab,
  options: {
    name: string;
    machines: readonly string[];
    blueprint?: string;
    controlPlanes?: number;
    kubernetesVersion?: string;
  },
): Cluster {
  const nodes = options.machines.map((name, index): NodeSpec => {
    const machine = lab.machines.find((candidate) => candidate.name === name);
    if (machine === undefined) throw new Error(`the lab has no machine ${name}`);
    return {
      hostname: name,
      operatingSystem: 'Debian12',
      arch: 'amd64',
      privateIP: machine.ip,
      roles: index < (options.controlPlanes ?? 1) ? ['ControlPlane', 'Worker'] : ['Worker'],
      labels: { app: 'infra' },
      ssh: {
        ipAddress: machine.ip,
        username: machine.user,
        port: '22',
        privateKeyPath: 'id_ed25519',
        hostKey: machine.hostKey,
      },
    };
  });
  return {
    apiVersion: 'infra.k8smgmt.io/v3',
    kind: 'Cluster',
    metadata: { name: options.name, project: 'defaultproject' },
    spec: {
      type: 'mks',
      blueprint: { name: options.blueprint ?? 'default' },
      config: {
        autoApproveNodes: true,
        location: 'lab',
        kubernetesVersion: options.kubernetesVersion ?? 'v1.34.4',
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
