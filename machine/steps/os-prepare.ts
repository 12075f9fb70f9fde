import type { ControlPlaneOverride } from '../../core/cluster.js';
import { Role } from '../../core/words.js';
import { apiEndpoint } from '../kubeadm/endpoint.js';
import { aptProxy, dnfProxy, proxyCa, proxyParams } from './proxy.js';
import type { StepContext, StepModule } from './types.js';

export const osPrepareStep: StepModule = {
  name: 'os-prepare',
  script: ['ledger.sh', 'trust.sh', 'os-prepare.sh'],
  finishes: true,
  timeoutSeconds: 300,
  params: (context) => ({
    // A load balancer's name is the network's own affair.
    ENDPOINT_NAME: apiEndpoint(context.spec).external ? '' : apiEndpoint(context.spec).host,
    IPV6: String(context.spec.config.network.ipv6 !== undefined),
    NAMESERVERS: (context.spec.config.network.nameservers ?? []).join(' '),
    ...proxyParams(context),
    PROXY_APT: aptProxy(context),
    PROXY_DNF: dnfProxy(context),
    PROXY_CA: proxyCa(context),
    HOST_PATHS: hostPaths(context),
  }),
};

/** Folders and files of the machine that the control plane's own volumes make where they are not there. */
function hostPaths({ spec, node }: StepContext): string {
  if (!node.roles.includes(Role.ControlPlane)) return '';
  return Object.values(spec.config.controlPlaneOverrides ?? {})
    .flatMap((override: ControlPlaneOverride) => override.extraVolumes ?? [])
    .flatMap(({ hostPath }) => (hostPath as { path?: string } | undefined)?.path ?? [])
    .join('\n');
}
