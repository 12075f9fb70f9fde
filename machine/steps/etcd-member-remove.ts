import { subjectOf } from './subject.js';
import type { StepModule } from './types.js';

/** Takes the subject's etcd member out; fails with QuorumRisk where those that stay could not agree. */
export const etcdMemberRemoveStep: StepModule = {
  name: 'etcd-member-remove',
  script: ['etcd-lib.sh', 'etcd-quorum.sh', 'etcd-member-remove.sh'],
  // A handful of calls of at most 10 s each.
  timeoutSeconds: 180,
  beside: true,
  params: (context) => {
    const subject = subjectOf(context, 'etcd-member-remove');
    return { SUBJECT: subject.hostname, SUBJECT_IP: subject.privateIP };
  },
};
