import { isBundle, isCompressed, packages } from '../artifacts/select.js';
import { containerdRepository } from '../artifacts/upstream.js';
import { familyOf, type OsFamily } from '../families.js';
import { insecureDownloads, proxyParams } from './proxy.js';
import type { StepModule } from './types.js';

/** What kubelet, kube-proxy, the endpoint and the steps themselves call. */
const NEEDED: Readonly<Record<OsFamily, readonly string[]>> = {
  debian: [
    'containerd',
    'runc',
    'ca-certificates',
    'conntrack',
    'curl',
    'ebtables',
    'ethtool',
    'haproxy',
    'iproute2',
    'ipset',
    'iptables',
    'kmod',
    'openssl',
    'socat',
  ],
  rhel: [
    'containerd.io',
    'ca-certificates',
    'conntrack-tools',
    'container-selinux',
    'curl',
    'ebtables',
    'ethtool',
    'haproxy',
    'iproute-tc',
    'ipset',
    'iptables',
    'kmod',
    'openssl',
    'socat',
  ],
};

export const packagesStep: StepModule = {
  name: 'packages',
  script: [
    ...['ledger.sh', 'environment.sh', 'bundle-file.sh', 'packages-lib.sh'],
    ...['family-{family}.sh', 'packages.sh'],
  ],
  finishes: true,
  timeoutSeconds: 1200,
  params: (context) => ({
    PACKAGES: [
      ...NEEDED[familyOf(context.node.operatingSystem)],
      ...(isCompressed(context) ? ['zstd'] : []),
    ].join(' '),
    PACKAGE_FILES: isBundle(context)
      ? packages(context)
          .map(({ sha256, name, path }) => `${sha256} ${name} ${path.split('/').at(-1) ?? name}`)
          .join('\n')
      : '',
    REPOSITORY: containerdRepository(context),
    ...proxyParams(context),
    SKIP_VERIFY: String(insecureDownloads(context)),
  }),
  artifactsStay: true,
  artifacts: (context) => (isBundle(context) ? packages(context) : []),
};
