import { uploadCertsConfig } from '../kubeadm/config.js';
import { nodeParams } from './nodeParams.js';
import { subjectOf } from './subject.js';
import type { StepName } from '../../core/steps.js';
import type { StepModule } from './types.js';

/** On a control plane: what the subject needs to join, made for it alone. */
export const joinCredentialsStep = credentialsStep('join-credentials');

/** The same for a worker, before it is ready to join. */
export const joinTokenStep = credentialsStep('join-token');

function credentialsStep(name: StepName): StepModule {
  return {
    name,
    script: ['control-plane-lib.sh', 'etcd-lib.sh', 'etcd-quorum.sh', 'join-credentials.sh'],
    // A minute of them may pass until etcd is whole.
    timeoutSeconds: 180,
    beside: true,
    params: (context) => ({
      ...nodeParams(context),
      SUBJECT: subjectOf(context, name).hostname,
      SUBJECT_IP: subjectOf(context, name).privateIP,
      TOKEN: context.join?.token ?? '',
      UPLOAD_CONFIG: uploadCertsConfig(context),
    }),
  };
}
