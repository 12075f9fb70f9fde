import type { Problem } from './errors.js';
import { isControlPlane, isMember, type AppliedState, type OperationPlan } from './plan.js';
import { mayAdd, removalOrder, type EtcdMember } from './quorum.js';

export interface Refusal extends Problem {
  /** Index of the operation that would be refused. */
  operation: number;
}

/**
 * What etcd would not let the plan do, as its members were seen last: by the rules that the machines decide by at the
 * moment of the change. `away`: control planes that do not answer.
 */
export function quorumRefusals(
  applied: AppliedState,
  operations: readonly OperationPlan[],
  away: ReadonlySet<string>,
): Refusal[] {
  let members = applied.nodes
    .filter((node) => node.joined && isControlPlane(node.spec))
    .map(({ hostname }): EtcdMember => ({
      name: hostname,
      vote: 'voter',
      healthy: !away.has(hostname),
    }));
  // Before there is one, the first control plane makes it.
  if (!applied.nodes.some((node) => isMember(node) && isControlPlane(node.spec))) return [];
  const refusals: Refusal[] = [];
  const refuse = (operation: number, message: string): void => {
    if (!refusals.some((known) => known.message === message)) {
      refusals.push({ path: 'spec.config.nodes', message, operation });
    }
  };
  for (const [index, { leave, leaveNext = [], nodes }] of operations.entries()) {
    const asked = removalOrder(members, [...leave, ...leaveNext]);
    if (asked.allowed) members = members.filter(({ name }) => !leave.includes(name));
    else refuse(index, asked.because);
    for (const { hostname, path } of nodes) {
      if (path !== 'control-plane') continue;
      const verdict = mayAdd(members, hostname);
      if (verdict.allowed) members = [...members, { name: hostname, vote: 'voter', healthy: true }];
      else refuse(index, verdict.because);
    }
  }
  return refusals;
}
