import { AppError, ErrorCode } from '../../core/errors.js';
import type { StepModule } from './types.js';

/**
 * Through a control plane that stays, before anything is done about nodes that leave: fails with QuorumRisk where etcd
 * could not lose them all. Its result `order` is the order in which they may go.
 */
export const etcdMemberCheckStep: StepModule = {
  name: 'etcd-member-check',
  script: ['etcd-lib.sh', 'etcd-quorum.sh', 'etcd-member-check.sh'],
  // A call of at most 10 s for each member, and a few seconds for a leader.
  timeoutSeconds: 180,
  beside: true,
  params: ({ leaving, node }) => {
    if (leaving === undefined || leaving.some(({ hostname }) => hostname === node.hostname)) {
      throw new AppError(ErrorCode.Internal, 'etcd-member-check needs nodes that leave');
    }
    return {
      LEAVING: leaving.map(({ hostname, privateIP }) => `${hostname} ${privateIP}`).join('\n'),
    };
  },
};
