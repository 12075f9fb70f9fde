/** Distributions by the ID of their os-release: how a spec names them, and how much of VERSION_ID it says. */
const RELEASES = new Map<
  string,
  { word: string; family: OperatingSystemRow['family']; version: 'major' | 'full' }
>([
  ['debian', { word: 'Debian', family: 'debian', version: 'major' }],
  ['ubuntu', { word: 'Ubuntu', family: 'debian', version: 'full' }],
  ['rhel', { word: 'RHEL', family: 'rhel', version: 'major' }],
  ['rocky', { word: 'Rocky', family: 'rhel', version: 'major' }],
  ['almalinux', { word: 'AlmaLinux', family: 'rhel', version: 'major' }],
  ['centos', { word: 'CentOS', family: 'rhel', version: 'major' }],
]);

/**
 * ID and VERSION_ID of an os-release as a spec would say it: `debian` and `12` are `Debian12`. A distribution that
 * we do not know is named by both as they are, and has no family.
 */
export function operatingSystemOf(
  id: string,
  version: string,
): { word: string; family?: OperatingSystemRow['family'] } {
  const release = RELEASES.get(id);
  if (release === undefined) return { word: `${id}${version}` };
  const shown = release.version === 'full' ? version : (version.split('.')[0] ?? '');
  return { word: `${release.word}${shown}`, family: release.family };
}

/** What a spec may say in `operatingSystem`, and what comes with it. */
export interface OperatingSystemRow {
  word: string;
  family: 'debian' | 'rhel';
  arch: readonly ('amd64' | 'arm64')[];
  /** Kernel of the release as shipped. */
  kernel: string;
  /** What the release boots with unless someone changed it. */
  cgroup: 1 | 2;
  /** Minor of containerd that our source of packages gives; absent: whatever the docker repository's newest is. */
  containerd?: string;
  /** Last Kubernetes minor, and why; absent: every one. */
  lastKubernetes?: { minor: string; because: string };
}

const BOTH = ['amd64', 'arm64'] as const;

export const OPERATING_SYSTEMS = {
  'Ubuntu20.04': {
    word: 'Ubuntu20.04',
    family: 'debian',
    arch: BOTH,
    kernel: '5.4',
    cgroup: 1,
    containerd: '1.7',
    lastKubernetes: {
      minor: '1.34',
      because: 'it boots with cgroup v1, which 1.35 refuses by default',
    },
  },
  'Ubuntu22.04': {
    word: 'Ubuntu22.04',
    family: 'debian',
    arch: BOTH,
    kernel: '5.15',
    cgroup: 2,
    containerd: '1.7',
  },
  'Ubuntu24.04': {
    word: 'Ubuntu24.04',
    family: 'debian',
    arch: BOTH,
    kernel: '6.8',
    cgroup: 2,
    containerd: '1.7',
  },
  Debian12: {
    word: 'Debian12',
    family: 'debian',
    arch: BOTH,
    kernel: '6.1',
    cgroup: 2,
    containerd: '1.6',
  },
  Debian13: {
    word: 'Debian13',
    family: 'debian',
    arch: BOTH,
    kernel: '6.12',
    cgroup: 2,
    containerd: '1.7',
  },
  RHEL8: {
    word: 'RHEL8',
    family: 'rhel',
    arch: BOTH,
    kernel: '4.18',
    cgroup: 1,
    lastKubernetes: { minor: '1.31', because: 'its kernel is 4.18 and 1.32 needs 4.19' },
  },
  RHEL9: { word: 'RHEL9', family: 'rhel', arch: BOTH, kernel: '5.14', cgroup: 2 },
  Rocky9: { word: 'Rocky9', family: 'rhel', arch: BOTH, kernel: '5.14', cgroup: 2 },
  AlmaLinux9: { word: 'AlmaLinux9', family: 'rhel', arch: BOTH, kernel: '5.14', cgroup: 2 },
} as const satisfies Record<string, OperatingSystemRow>;
