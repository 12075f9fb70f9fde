import { binaries, cniPlugins, isBundle } from '../artifacts/select.js';
import { upstreamUrls } from '../artifacts/upstream.js';
import { kubeletPatch } from '../kubeadm/kubeletConfiguration.js';
import { insecureDownloads, proxyParams } from './proxy.js';
import type { StepModule } from './types.js';

export const binariesStep: StepModule = {
  name: 'binaries',
  script: [
    'ledger.sh',
    'environment.sh',
    'bundle-file.sh',
    'unit-proxy.sh',
    'fetch.sh',
    'binaries.sh',
  ],
  finishes: true,
  timeoutSeconds: 900,
  params: (context) => {
    const urls = upstreamUrls(context);
    return {
      KUBERNETES_VERSION: context.spec.config.kubernetesVersion,
      BINARIES: isBundle(context)
        ? binaries(context)
            .map(({ name, sha256 }) => `${name} ${sha256}`)
            .join('\n')
        : 'kubeadm\nkubelet\nkubectl',
      KUBERNETES_URL: urls.kubernetes,
      CNI_SUM: isBundle(context) ? cniPlugins(context).sha256 : '',
      CNI_URL: urls.cniPlugins,
      ...proxyParams(context),
      SKIP_VERIFY: String(insecureDownloads(context)),
      KUBELET_PATCH: kubeletPatch(context),
    };
  },
  artifactsStay: true,
  artifacts: (context) => (isBundle(context) ? [...binaries(context), cniPlugins(context)] : []),
};
