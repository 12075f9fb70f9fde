import { Role } from '../../core/words.js';
import { images, isBundle } from '../artifacts/select.js';
import { addonImages } from '../artifacts/upstream.js';
import { proxyParams } from './proxy.js';
import type { StepModule } from './types.js';

export const imagesStep: StepModule = {
  name: 'images',
  script: ['environment.sh', 'bundle-file.sh', 'images.sh'],
  timeoutSeconds: 1800,
  params: (context) => ({
    KUBERNETES_VERSION: context.spec.config.kubernetesVersion,
    IMAGE_FILES: isBundle(context)
      ? images(context)
          .map(({ sha256, images: refs }) => `${sha256} ${(refs ?? []).join(',')}`)
          .join('\n')
      : '',
    CONTROL_PLANE: String(context.node.roles.includes(Role.ControlPlane)),
    ...proxyParams(context),
    PULL: isBundle(context) ? '' : addonImages(context).join(' '),
  }),
  artifactsStay: true,
  artifacts: (context) => (isBundle(context) ? images(context) : []),
};
