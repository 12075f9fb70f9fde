import { OPERATING_SYSTEMS } from './operatingSystems.js';

/**
 * `tested`: a lab case runs exactly this. `documented`: the projects' own documentation says that it works
 * together, and nothing of ours has shown it yet.
 */
export type SupportLevel = 'tested' | 'documented';

/** One minor of Kubernetes and what it asks of everything around it. Any patch of a minor in the table may be named. */
export interface KubernetesRow {
  /** `1.34`. */
  minor: string;
  /** Patches that a lab case provisions, e.g. `v1.34.4`. */
  testedPatches: readonly string[];
  /** What an upgrade goes through where its artifacts do not say which patches they hold. */
  latestPatch: string;
  kubeadmApi: 'v1beta3' | 'v1beta4';
  /** Tag of `registry.k8s.io/pause` that kubeadm of this minor expects as sandbox image. */
  pause: string;
  /** Lowest kernel that kubeadm's system check takes. */
  minKernel: string;
  minContainerd: string;
  /** `opt-in`: the kubelet refuses cgroup v1 unless `failCgroupV1: false`. */
  cgroupV1: 'supported' | 'opt-in';
}

/** One minor of Calico, or one exact version where `version` has three parts. */
export interface CalicoRow {
  /** `3.28` (any patch) or `3.28.5` (this one only). */
  version: string;
  /** First and last Kubernetes minor. */
  kubernetes: { from: string; to: string };
  /** Why the row is there, where it is not upstream's own table. */
  note?: string;
}

/** A whole combination that was looked at as one: what `tested` rests on. */
export interface CombinationRow {
  kubernetes: string;
  calico: string;
  /** Minor of containerd. */
  containerd: string;
  operatingSystem: string;
  arch: 'amd64' | 'arm64';
  cgroup: 1 | 2;
  level: SupportLevel;
  note?: string;
}

const KERNEL_3 = { minKernel: '3.10', minContainerd: '1.6' } as const;
/** kubeadm's system validators ask for 4.19 from 1.32 on. */
const KERNEL_4 = { minKernel: '4.19', minContainerd: '1.6' } as const;

export const KUBERNETES_ROWS: readonly KubernetesRow[] = [
  {
    minor: '1.28',
    testedPatches: ['v1.28.9'],
    latestPatch: 'v1.28.15',
    kubeadmApi: 'v1beta3',
    pause: '3.9',
    cgroupV1: 'supported',
    ...KERNEL_3,
  },
  {
    minor: '1.29',
    testedPatches: [],
    latestPatch: 'v1.29.15',
    kubeadmApi: 'v1beta3',
    pause: '3.9',
    cgroupV1: 'supported',
    ...KERNEL_3,
  },
  {
    minor: '1.30',
    testedPatches: [],
    latestPatch: 'v1.30.14',
    kubeadmApi: 'v1beta3',
    pause: '3.9',
    cgroupV1: 'supported',
    ...KERNEL_3,
  },
  {
    minor: '1.31',
    testedPatches: [],
    latestPatch: 'v1.31.13',
    kubeadmApi: 'v1beta4',
    pause: '3.10',
    cgroupV1: 'supported',
    ...KERNEL_3,
  },
  {
    minor: '1.32',
    testedPatches: [],
    latestPatch: 'v1.32.9',
    kubeadmApi: 'v1beta4',
    pause: '3.10',
    cgroupV1: 'supported',
    ...KERNEL_4,
  },
  {
    minor: '1.33',
    testedPatches: [],
    latestPatch: 'v1.33.5',
    kubeadmApi: 'v1beta4',
    pause: '3.10',
    cgroupV1: 'supported',
    ...KERNEL_4,
  },
  {
    minor: '1.34',
    testedPatches: ['v1.34.4'],
    latestPatch: 'v1.34.4',
    kubeadmApi: 'v1beta4',
    pause: '3.10.1',
    cgroupV1: 'supported',
    ...KERNEL_4,
  },
  {
    minor: '1.35',
    testedPatches: ['v1.35.4'],
    latestPatch: 'v1.35.4',
    kubeadmApi: 'v1beta4',
    pause: '3.10.1',
    cgroupV1: 'opt-in',
    ...KERNEL_4,
  },
];

/** Upstream's own statements per minor (docs.tigera.io, "Kubernetes requirements"), and below them ours. */
export const CALICO_ROWS: readonly CalicoRow[] = [
  { version: '3.26', kubernetes: { from: '1.28', to: '1.28' } },
  { version: '3.27', kubernetes: { from: '1.28', to: '1.29' } },
  { version: '3.28', kubernetes: { from: '1.28', to: '1.30' } },
  { version: '3.29', kubernetes: { from: '1.29', to: '1.32' } },
  { version: '3.30', kubernetes: { from: '1.31', to: '1.33' } },
  { version: '3.31', kubernetes: { from: '1.32', to: '1.35' } },
  { version: '3.32', kubernetes: { from: '1.34', to: '1.36' } },
  {
    version: '3.28.5',
    kubernetes: { from: '1.34', to: '1.35' },
    note: 'newer than what upstream lists for Calico 3.28; this patch is run by our lab',
  },
];

export const COMBINATION_ROWS: readonly CombinationRow[] = [
  {
    kubernetes: 'v1.34.4',
    calico: '3.28.5',
    containerd: '1.6',
    operatingSystem: OPERATING_SYSTEMS.Debian12.word,
    arch: 'amd64',
    cgroup: 1,
    level: 'tested',
  },
  {
    kubernetes: 'v1.35.4',
    calico: '3.28.5',
    containerd: '1.6',
    operatingSystem: OPERATING_SYSTEMS.Debian12.word,
    arch: 'amd64',
    cgroup: 1,
    level: 'tested',
    note: 'clusters are upgraded to it in the lab',
  },
  {
    kubernetes: 'v1.28.9',
    calico: '3.28.5',
    containerd: '1.6',
    operatingSystem: OPERATING_SYSTEMS.Debian12.word,
    arch: 'amd64',
    cgroup: 1,
    level: 'tested',
  },
  {
    kubernetes: 'v1.28.9',
    calico: '3.26.1',
    containerd: '1.7',
    operatingSystem: OPERATING_SYSTEMS['Ubuntu22.04'].word,
    arch: 'amd64',
    cgroup: 2,
    level: 'documented',
    note: "the pair of the V3 API's own example",
  },
];
