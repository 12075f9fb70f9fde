import { isBundle, packages } from '../artifacts/select.js';
import { familyOf, type OsFamily } from '../families.js';
import type { StepModule } from './types.js';

/** What kubelet, kube-proxy, the endpoint and the steps themselves call. */
const NEEDED: Readonly<Record<OsFamily, readonly string[]>> = {
  debian: [
    'containerd',
    'runc',
    'conntrack',
    'ebtables',
    'ethtool',
    'haproxy',
    'iproute2',
    'ipset',
    'iptables',
    'kmod',
    'socat',
  ],
  rhel: [
    'containerd.io',
    'conntrack-tools',
    'container-selinux',
    'ebtables',
    'ethtool',
    'haproxy',
    'iproute-tc',
    'ipset',
    'iptables',
    'kmod',
    'socat',
  ],
};

export const packagesStep: StepModule = {
  name: 'packages',
  script: ['family-{family}.sh', 'packages.sh'],
  timeoutSeconds: 1200,
  params: (context) => ({
    PACKAGES: NEEDED[familyOf(context.node.operatingSystem)].join(' '),
    PACKAGE_FILES: isBundle(context)
      ? packages(context)
          .map(({ sha256, name, path }) => `${sha256} ${name} ${path.split('/').at(-1) ?? name}`)
          .join('\n')
      : '',
  }),
  artifacts: (context) => (isBundle(context) ? packages(context) : []),
};
