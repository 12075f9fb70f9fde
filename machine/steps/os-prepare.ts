import { API_ENDPOINT_NAME } from '../kubeadm/endpoint.js';
import { aptProxy, dnfProxy, proxyCa, proxyParams } from './proxy.js';
import type { StepModule } from './types.js';

export const osPrepareStep: StepModule = {
  name: 'os-prepare',
  script: ['ledger.sh', 'trust.sh', 'os-prepare.sh'],
  timeoutSeconds: 300,
  params: (context) => ({
    ENDPOINT_NAME: API_ENDPOINT_NAME,
    IPV6: String(context.spec.config.network.ipv6 !== undefined),
    NAMESERVERS: (context.spec.config.network.nameservers ?? []).join(' '),
    ...proxyParams(context),
    PROXY_APT: aptProxy(context),
    PROXY_DNF: dnfProxy(context),
    PROXY_CA: proxyCa(context),
  }),
};
