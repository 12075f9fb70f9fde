import type { Cluster, NodeSpec } from '../../../core/cluster.js';
import type { Lab } from '../../../lab/lab.js';
import { labCluster } from '../cluster.js';

export interface FullSpecSurroundings {
  name: string;
  /** The project that it is shared with. */
  reader: string;
  proxyUrl: string;
  proxyAuth: string;
  ca: string;
}

const NODES: readonly Partial<NodeSpec>[] = [
  { roles: ['ControlPlane'], interface: 'eth0' },
  {
    roles: ['Worker'],
    labels: { app: 'infra', 'example.com/pool': 'work' },
    annotations: { 'example.com/rack': 'b2, third from below' },
    taints: [{ key: 'example.com/slow', value: 'yes', effect: 'PreferNoSchedule' }],
    kubeletExtraArgs: { v: '3' },
    kubeletConfigurationOverrides: 'maxPods: 42\n',
  },
  { roles: ['Storage'], labels: {} },
];

/** Every field of the spec that there is, each with a value that nobody would have by chance. */
export function fullSpec(lab: Lab, around: FullSpecSurroundings): Cluster {
  const machines = ['m1', 'm2', 'm3'];
  const { name } = around;
  const cluster = labCluster(lab, { name, machines });
  const { metadata, spec } = cluster;
  const ssh = { username: lab.machines[0]!.user, port: '22', privateKeyPath: 'id_ed25519' };
  return {
    ...cluster,
    metadata: {
      ...metadata,
      displayName: 'All of it',
      description: 'Every field at once',
      labels: { 'example.com/team': 'lab' },
      annotations: { 'example.com/why': 'to see each one act' },
    },
    spec: {
      ...spec,
      sharing: { enabled: true, projects: [{ name: around.reader }] },
      proxy: {
        enabled: true,
        httpProxy: around.proxyUrl,
        httpsProxy: around.proxyUrl,
        noProxy: '.corp.example, 192.0.2.0/24',
        proxyAuth: around.proxyAuth,
        bootstrapCA: around.ca,
        allowInsecureBootstrap: true,
      },
      systemComponentsPlacement: {
        nodeSelector: { 'node-role.kubernetes.io/storage': '' },
        tolerations: [
          { key: 'node-role.kubernetes.io/storage', operator: 'Exists', effect: 'NoSchedule' },
        ],
        daemonSetOverride: {
          nodeSelectionEnabled: true,
          tolerations: [{ key: 'example.com/agents', operator: 'Exists' }],
        },
      },
      config: {
        ...spec.config,
        location: 'basement-2',
        autoApproveNodes: true,
        installerTtl: 30,
        dedicatedControlPlane: true,
        highAvailability: false,
        platformVersion: 'v1.0.0',
        kubeletExtraArgs: { v: '1', 'log-flush-frequency': '7s' },
        kubeletConfigurationOverrides: 'imageGCHighThresholdPercent: 87\nmaxPods: 99\n',
        controlPlaneOverrides: {
          kubeApiserver: {
            extraArgs: { 'event-ttl': '47m0s' },
            extraVolumes: [
              {
                name: 'audit',
                hostPath: { path: '/var/log/kube-audit', type: 'DirectoryOrCreate' },
              },
            ],
            extraVolumeMounts: [{ name: 'audit', mountPath: '/var/log/audit', readOnly: false }],
          },
          kubeControllerManager: { extraArgs: { 'terminated-pod-gc-threshold': '101' } },
          kubeScheduler: { extraArgs: { 'kube-api-qps': '51' } },
        },
        kubernetesUpgrade: { strategy: 'concurrent', params: { workerConcurrency: '50%' } },
        network: {
          ...spec.config.network,
          podSubnet: '10.200.0.0/16',
          serviceSubnet: '10.100.0.0/16',
          ipv6: { podSubnet: 'fd00:200::/56', serviceSubnet: 'fd00:100::/112' },
          nameservers: ['10.77.0.1', '192.0.2.53'],
        },
        ssh,
        nodes: spec.config.nodes.map((node, index) => ({
          ...node,
          ...NODES[index],
          ssh: { ipAddress: node.privateIP, hostKey: node.ssh!.hostKey! },
        })),
      },
    },
  };
}
