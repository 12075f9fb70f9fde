import type { KubernetesState, MachineFacts } from '../facts.js';
import type { NodeCheck } from './types.js';

/** The check whose findings mean that the machine belongs to somebody else: ErrorCode.ForeignCluster. */
export const FOREIGN_CLUSTER = 'foreign-cluster';

/** The machine is in no other cluster, be it one of ours or one that somebody made by hand. */
export const foreignCluster: NodeCheck = ({ facts }, { clusterId }) => {
  if (facts.ownerClusterId === clusterId) return [];
  const common = {
    check: FOREIGN_CLUSTER,
    severity: 'error',
    wanted: 'a machine that is in no cluster',
  } as const;
  if (facts.ownerClusterId !== undefined) {
    return [
      {
        ...common,
        found: `claimed by the cluster ${facts.ownerClusterId}`,
        fix: 'delete that cluster or take the node out of it first',
      },
    ];
  }
  const traces = kubernetesTraces(facts.kubernetes);
  return traces.length === 0
    ? []
    : [
        {
          ...common,
          found: traces.join(', '),
          fix: 'take the node out of its cluster and run kubeadm reset on it',
        },
      ];
};

function kubernetesTraces(state: KubernetesState | undefined): string[] {
  if (!state) return [];
  const ca = state.caSha256 === undefined ? [] : [`the CA ${state.caSha256.slice(0, 12)}…`];
  return [
    ...(state.adminConf ? ['/etc/kubernetes/admin.conf'] : []),
    ...(state.kubeletConf ? ['/etc/kubernetes/kubelet.conf'] : []),
    ...(state.etcdData ? ['data in /var/lib/etcd'] : []),
    ...(state.kubeletActive ? ['a running kubelet'] : []),
    ...ca,
  ];
}

/** Nothing else runs containers on the machine: two runtimes fight over cgroups and iptables. */
export const foreignRuntime: NodeCheck = ({ facts }, { clusterId }) =>
  foreignUnits(facts, clusterId).map((unit) => ({
    check: 'container-runtime',
    severity: 'error',
    found: `${unit} is active`,
    wanted: 'no other container runtime or Kubernetes',
    fix: `stop and disable ${unit}, or use another machine`,
  }));

function foreignUnits({ activeRuntimes = [], ownerClusterId }: MachineFacts, clusterId: string) {
  const ours = ownerClusterId === clusterId ? ['containerd.service', 'kubelet.service'] : [];
  return activeRuntimes.filter((unit) => !ours.includes(unit));
}
