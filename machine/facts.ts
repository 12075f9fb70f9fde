import { operatingSystemOf } from '../core/operatingSystems.js';
import { reader, type Results } from './factReader.js';

/**
 * What one round trip learned about a machine (`steps/facts.sh`). A fact that could not be had is
 * absent: whoever needs it decides what that means. Sizes are bytes, times milliseconds.
 */
export interface MachineFacts {
  /** The spec's word: `Debian12`, `Ubuntu22.04`, `RHEL9`, `Rocky9`, `AlmaLinux9`. */
  operatingSystem?: string;
  osFamily?: 'debian' | 'rhel';
  osName?: string;
  arch?: 'amd64' | 'arm64';
  kernel?: string;
  hostname?: string;
  machineId?: string;
  productUuid?: string;
  bootId?: string;
  /** systemd-detect-virt: `none`, `kvm`, `systemd-nspawn`, … */
  virtualization?: string;
  interfaces?: NetworkInterface[];
  /** IPv4 default routes. */
  defaultRoutes?: DefaultRoute[];
  nameservers?: string[];
  cpus?: number;
  memoryBytes?: number;
  disks?: DiskSpace[];
  /** Active swap areas, zram included. */
  swaps?: string[];
  /** Rows of /etc/fstab whose type is swap. */
  fstabSwaps?: string[];
  cgroupVersion?: 1 | 2;
  /** False: no CAP_SYS_RESOURCE, so containerd needs `restrict_oom_score_adj`. */
  capSysResource?: boolean;
  /** False: kube-proxy must leave nf_conntrack_max alone. */
  conntrackMaxWritable?: boolean;
  modules?: KernelModules;
  /** The machine's clock minus the worker's: the smallest offset that the round trip allows. */
  clockOffsetMs?: number;
  ports?: ListeningPort[];
  kubernetes?: KubernetesState;
  /** Active units of other runtimes and of Kubernetes: `docker.service`, `containerd.service`, … */
  activeRuntimes?: string[];
  /** Installed packages that we would install, with versions: `containerd` → `1.6.20~ds1-1+b1`. */
  packages?: Record<string, string>;
  /** Who may work on the machine: the cluster id in plinth's owner file. */
  ownerClusterId?: string;
  /** Who holds the package manager's lock: `apt-get (pid 311)`. */
  packageLockHolder?: string;
  systemd?: SystemdState;
  selinux?: 'enforcing' | 'permissive' | 'disabled';
  /** Active host firewalls. */
  firewalls?: string[];
  /** Folders that must be writable and are not. */
  readOnlyPaths?: string[];
  /** The load balancer that the spec names, as seen from here; absent where it names none. */
  endpoint?: EndpointFacts;
  /** sshd's public host keys, `ssh-ed25519 AAAA…`. */
  hostKeys?: string[];
}

export interface EndpointFacts {
  /** What its name resolves to; none: it does not. */
  addresses: string[];
  /** `open`: somebody listens, and there was no way to ask who. */
  state?: 'closed' | 'open' | 'kubernetes' | 'other';
  /** SHA-256 of the DER of the CA of the cluster that answers there, hex. */
  caSha256?: string;
}

export interface NetworkInterface {
  name: string;
  mac?: string;
  /** Without the prefix length. */
  addresses: string[];
}

export interface DefaultRoute {
  interface: string;
  gateway?: string;
}

export interface DiskSpace {
  path: string;
  freeBytes: number;
  totalBytes: number;
}

/** `missing`: neither loaded, built in nor found by modprobe. */
export type ModuleState = 'loaded' | 'builtin' | 'loadable' | 'missing';
export type KernelModules = Record<string, ModuleState>;

export interface ListeningPort {
  port: number;
  protocol: 'tcp' | 'udp';
  /** The process, where it could be seen. */
  process?: string;
}

/** `absent` where there is no systemd; else what `systemctl is-system-running` says. */
export type SystemdState = string;

export interface KubernetesState {
  adminConf: boolean;
  kubeletConf: boolean;
  etcdData: boolean;
  kubeletActive: boolean;
  /** SHA-256 of the DER of the CA's certificate, hex. */
  caSha256?: string;
}

/** When the worker started and ended the round trip that brought the facts, milliseconds since the epoch. */
export interface RoundTrip {
  sentAt: number;
  receivedAt: number;
}

/**
 * Reads the results of `steps/facts.sh`. What is missing or does not parse is left out, never an
 * error. The clock offset needs the round trip.
 */
export function parseFacts(results: Results, roundTrip?: RoundTrip): MachineFacts {
  const read = reader(results);
  return known<MachineFacts>({
    ...operatingSystem(read.text('os_id'), read.text('os_version')),
    osName: read.text('os_name'),
    arch: read.oneOf('machine', ARCHITECTURES),
    kernel: read.text('kernel'),
    hostname: read.text('hostname'),
    machineId: read.text('machine_id'),
    productUuid: read.text('product_uuid'),
    bootId: read.text('boot_id'),
    virtualization: read.text('virtualization'),
    interfaces: interfaces(
      read.rows('addresses', { name: 'string', address: 'string' }, { mac: 'string' }),
    ),
    defaultRoutes: read.rows('default_routes', { interface: 'string' }, { gateway: 'string' }),
    nameservers: read.list('nameservers'),
    cpus: read.number('cpus'),
    memoryBytes: mapped(read.number('memory_kb'), (kib) => kib * 1024),
    disks: read.rows('disks', { path: 'string', freeBytes: 'number', totalBytes: 'number' }, {}),
    swaps: read.list('swaps'),
    fstabSwaps: read.list('fstab_swaps'),
    cgroupVersion: read.oneOf('cgroup_version', { '1': 1, '2': 2 } as const),
    capSysResource: read.flag('cap_sys_resource'),
    conntrackMaxWritable: read.flag('conntrack_max_writable'),
    modules: mapped(read.rows('modules', { name: 'string', state: 'string' }, {}), kernelModules),
    clockOffsetMs: roundTrip && clockOffset(read.number('time_ns'), roundTrip),
    ports: mapped(
      read.rows('ports', { port: 'number', protocol: 'string' }, { process: 'string' }),
      listeningPorts,
    ),
    kubernetes: known<KubernetesState>({
      adminConf: read.flag('admin_conf') ?? false,
      kubeletConf: read.flag('kubelet_conf') ?? false,
      etcdData: read.flag('etcd_data') ?? false,
      kubeletActive: read.flag('kubelet_active') ?? false,
      caSha256: read.text('ca_sha256'),
    }),
    activeRuntimes: read.list('active_runtimes'),
    packages: mapped(read.rows('packages', { name: 'string', version: 'string' }, {}), (rows) =>
      Object.fromEntries(rows.map(({ name, version }) => [name, version])),
    ),
    ownerClusterId: read.text('owner_cluster_id'),
    packageLockHolder: read.text('package_lock_holder'),
    systemd: read.text('systemd'),
    selinux: read.oneOf('selinux', SELINUX_MODES),
    firewalls: read.list('firewalls'),
    readOnlyPaths: read.list('read_only_paths'),
    hostKeys: read.list('host_keys'),
    endpoint: mapped(read.list('endpoint_addresses'), (addresses) =>
      known<EndpointFacts>({
        addresses,
        state: read.oneOf('endpoint_state', ENDPOINT_STATES),
        caSha256: read.text('endpoint_ca_sha256'),
      }),
    ),
  });
}

const ARCHITECTURES = { x86_64: 'amd64', aarch64: 'arm64' } as const;

const SELINUX_MODES = {
  enforcing: 'enforcing',
  permissive: 'permissive',
  disabled: 'disabled',
} as const;

const ENDPOINT_STATES = {
  closed: 'closed',
  open: 'open',
  kubernetes: 'kubernetes',
  other: 'other',
} as const;

const MODULE_STATES: readonly ModuleState[] = ['loaded', 'builtin', 'loadable', 'missing'];

function operatingSystem(
  id = '',
  version = '',
): Pick<MachineFacts, 'operatingSystem' | 'osFamily'> {
  if (id === '') return {};
  const { word, family } = operatingSystemOf(id, version);
  return { operatingSystem: word, ...(family === undefined ? {} : { osFamily: family }) };
}

function interfaces(
  rows: { name: string; mac?: string; address: string }[] | undefined,
): NetworkInterface[] | undefined {
  if (!rows) return undefined;
  const found = new Map<string, NetworkInterface>();
  for (const { name, mac, address } of rows) {
    const one = found.get(name) ?? { name, ...(mac ? { mac } : {}), addresses: [] };
    one.addresses.push(address);
    found.set(name, one);
  }
  return [...found.values()];
}

function kernelModules(rows: { name: string; state: string }[]): KernelModules {
  const modules: KernelModules = {};
  for (const { name, state } of rows) {
    const word = MODULE_STATES.find((each) => each === state);
    if (word) modules[name] = word;
  }
  return modules;
}

function listeningPorts(
  rows: { port: number; protocol: string; process?: string }[],
): ListeningPort[] {
  return rows.flatMap(({ protocol, ...row }) =>
    protocol === 'tcp' || protocol === 'udp' ? [{ ...row, protocol }] : [],
  );
}

/** The smallest offset that the round trip allows: a slow connection never looks like a wrong clock. */
function clockOffset(timeNs: number | undefined, trip: RoundTrip): number | undefined {
  if (timeNs === undefined) return undefined;
  const time = Math.round(timeNs / 1e6);
  if (time < trip.sentAt) return time - trip.sentAt;
  return Math.max(0, time - trip.receivedAt);
}

function mapped<T, U>(value: T | undefined, map: (value: T) => U): U | undefined {
  return value === undefined ? undefined : map(value);
}

/** Without the fields that are undefined. */
function known<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
