import { uploadCertsConfig } from '../kubeadm/config.js';
import { nodeParams } from './nodeParams.js';
import { subjectOf } from './subject.js';
import type { StepModule } from './types.js';

/** On a control plane: what the subject needs to join, made for it alone. */
export const joinCredentialsStep: StepModule = {
  name: 'join-credentials',
  script: ['control-plane-lib.sh', 'etcd-lib.sh', 'etcd-quorum.sh', 'join-credentials.sh'],
  // A minute of them may pass until etcd is whole.
  timeoutSeconds: 180,
  beside: true,
  params: (context) => ({
    ...nodeParams(context),
    SUBJECT: subjectOf(context, 'join-credentials').hostname,
    SUBJECT_IP: subjectOf(context, 'join-credentials').privateIP,
    TOKEN: context.join?.token ?? '',
    UPLOAD_CONFIG: uploadCertsConfig(context),
  }),
};
