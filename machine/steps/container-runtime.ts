import { pauseImage } from '../artifacts/select.js';
import { REGISTRIES } from '../artifacts/upstream.js';
import { insecureDownloads, proxyCa, proxyParams } from './proxy.js';
import type { StepContext, StepModule } from './types.js';

export const containerRuntimeStep: StepModule = {
  name: 'container-runtime',
  script: ['ledger.sh', 'trust.sh', 'unit-proxy.sh', 'container-runtime.sh'],
  finishes: true,
  timeoutSeconds: 180,
  params: (context) => ({
    PAUSE_IMAGE: pauseImage(context),
    // Without CAP_SYS_RESOURCE runc may not lower a container's oom_score_adj, and dies trying.
    RESTRICT_OOM: String(context.facts?.capSysResource === false),
    MIRRORS: mirrors(context),
    ...proxyParams(context),
    PROXY_CA: proxyCa(context),
    SKIP_VERIFY: String(insecureDownloads(context)),
  }),
};

/** Rows of `registry url`: a mirror serves each registry below its own host's folder; `-` without a mirror. */
function mirrors({ catalog: { baseUrl } }: StepContext): string {
  return REGISTRIES.map(
    (registry) => `${registry} ${baseUrl === undefined ? '-' : `${baseUrl}/${registry}/v2`}`,
  ).join('\n');
}
