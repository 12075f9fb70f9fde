import type {
  CommonConditionStatus,
  ConditionStatus,
  ConditionType,
  NodeStatus,
  OperationName,
  OperationStatus,
  ProvisionStatus,
  Role,
  TasksetStatus,
} from './words.js';

/** The Cluster resource of the V3 API as clients send and read it. Shapes: docs/api.md. */
export interface Cluster {
  apiVersion: string;
  kind: 'Cluster';
  metadata: ClusterMetadata;
  spec: ClusterSpec;
  status?: ClusterStatus;
}

export interface ClusterMetadata {
  name: string;
  project: string;
  displayName?: string;
  description?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** RFC 3339 with microseconds; set by the server. */
  modifiedAt?: string;
  /** Set by the server: core/resourceVersion.ts. */
  resourceVersion?: string;
}

export interface ClusterSpec {
  type: 'mks';
  config: ClusterConfig;
  blueprint: { name: string; version?: string };
  cloudCredentials?: string;
  sharing?: { enabled: boolean; projects?: { name: string }[] };
  proxy?: ProxySpec;
  systemComponentsPlacement?: SystemComponentsPlacement;
}

export interface ProxySpec {
  enabled?: boolean;
  httpProxy?: string;
  httpsProxy?: string;
  noProxy?: string;
  /** `user:password`; write-only. */
  proxyAuth?: string;
  bootstrapCA?: string;
  allowInsecureBootstrap?: boolean;
}

export interface Toleration {
  key?: string;
  operator?: 'Exists' | 'Equal';
  value?: string;
  effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  tolerationSeconds?: number;
}

export interface SystemComponentsPlacement {
  nodeSelector?: Record<string, string>;
  tolerations?: Toleration[];
  daemonSetOverride?: { nodeSelectionEnabled?: boolean; tolerations?: Toleration[] };
}

export interface ClusterConfig {
  kubernetesVersion: string;
  network: NetworkSpec;
  nodes: NodeSpec[];
  location?: string;
  autoApproveNodes?: boolean;
  dedicatedControlPlane?: boolean;
  highAvailability?: boolean;
  platformVersion?: string;
  installerTtl?: number;
  kubeletExtraArgs?: Record<string, string>;
  kubeletConfigurationOverrides?: string;
  controlPlaneOverrides?: ControlPlaneOverrides;
  kubernetesUpgrade?: {
    strategy?: 'concurrent' | 'sequential';
    params?: { workerConcurrency?: string };
  };
  ssh?: SshSpec;
}

export interface ControlPlaneOverride {
  extraArgs?: Record<string, string>;
  extraVolumes?: Record<string, unknown>[];
  extraVolumeMounts?: Record<string, unknown>[];
}

export interface ControlPlaneOverrides {
  kubeApiserver?: ControlPlaneOverride;
  kubeControllerManager?: ControlPlaneOverride;
  kubeScheduler?: ControlPlaneOverride;
}

export interface NetworkSpec {
  cni: { name: string; version: string };
  podSubnet: string;
  serviceSubnet: string;
  ipv6?: { podSubnet?: string; serviceSubnet?: string };
  nameservers?: string[];
  /** Ours: a load balancer in front of the control planes, `lb.example.net:6443`, instead of the proxy on every machine. */
  controlPlaneEndpoint?: string;
}

export interface Taint {
  key: string;
  value?: string;
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface NodeSpec {
  hostname: string;
  /**
   * These three are left out only by a node that comes by the installer command: core/registration.ts fills in what
   * the machine said when it registered, before any work is planned.
   */
  operatingSystem: string;
  arch: 'amd64' | 'arm64';
  privateIP: string;
  roles: Role[];
  interface?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  taints?: Taint[];
  kubeletExtraArgs?: Record<string, string>;
  kubeletConfigurationOverrides?: string;
  ssh?: SshSpec;
}

export interface SshSpec {
  ipAddress?: string;
  username?: string;
  /** A string on the wire ("22"). */
  port?: string;
  privateKeyPath?: string;
  /** Write-only. */
  passphrase?: string;
  /** Ours: the pinned host key, `ssh-ed25519 AAAA…` or `SHA256:…`. */
  hostKey?: string;
  /** Ours: a jump host. */
  bastion?: BastionSpec;
}

/** A machine that connections go through. */
export interface BastionSpec {
  ipAddress: string;
  port?: string;
  /** Left out: that of its credential, else the machine's. */
  username?: string;
  /** The pinned host key, as of `SshSpec`. */
  hostKey?: string;
  /** The uploaded credential that logs in to it; left out: the machine's key. */
  cloudCredentials?: string;
}

export interface Condition {
  type: ConditionType;
  status: ConditionStatus;
  reason: string;
  lastUpdated?: string;
}

export interface CommonStatus {
  conditionType: string;
  conditionStatus: CommonConditionStatus;
  lastUpdated: { seconds: number; nanos: number };
  reason: string;
}

export interface TasksetOperationView {
  operationName: OperationName;
  resourceName: string;
  operationStatus: OperationStatus;
  errorSummary?: string;
}

export interface TasksetView {
  tasksetId: string;
  tasksetOperations: TasksetOperationView[];
  tasksetStatus: TasksetStatus;
  comments: string;
}

/** `status` exactly in the seed's shape. */
export interface ClusterStatus {
  id: string;
  name: string;
  displayName: string;
  createdAt: string;
  conditions: Condition[];
  extra: { vaultIntegration: Record<string, never> };
  blueprint: { name: string };
  provisionStatus: ProvisionStatus;
  commonStatus: CommonStatus;
  lastTasksets: TasksetView[];
  mks: { nodes: { hostname: string; status: NodeStatus }[] };
}
