/**
 * When etcd may gain, lose or miss a member. Pure: machine/steps/etcd-quorum.sh decides by the same rules on the machines,
 * in the same words, and is held to this file by test/etcd.
 */

/** A member of etcd as one that answers knows it. */
export interface EtcdMember {
  name: string;
  /** A learner has no vote until it has caught up and is promoted. */
  vote: 'voter' | 'learner';
  /** It answers and knows a leader. One that was added and never started does not. */
  healthy: boolean;
}

export type QuorumVerdict = { allowed: true } | { allowed: false; because: string };

export type RemovalOrder = { allowed: true; order: string[] } | { allowed: false; because: string };

const MAY: QuorumVerdict = { allowed: true };

/** How many of these voters have to agree. */
export function quorumOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/**
 * Before one more member has to agree, all that there are must: the next failure could be one too many. So members
 * join one at a time, each when the one before has its vote. What an earlier attempt of `joining` left is its own affair.
 */
export function mayAdd(members: readonly EtcdMember[], joining?: string): QuorumVerdict {
  const problems = members
    .filter(({ name }) => name !== joining)
    .flatMap(({ name, vote, healthy }) => {
      if (vote === 'learner') return [`${name} is still a learner`];
      return healthy ? [] : [`${name} does not answer`];
    });
  if (problems.length === 0) return MAY;
  return { allowed: false, because: `no etcd member may join now: ${problems.join('; ')}` };
}

/**
 * Projected: of those that stay, as many as have to agree then must answer now, and nobody may be about to get a
 * vote meanwhile. One without a vote may always go, and so may one that is no member.
 */
export function mayRemove(members: readonly EtcdMember[], leaving: string): QuorumVerdict {
  const voters = members.filter(({ vote }) => vote === 'voter');
  if (!voters.some(({ name }) => name === leaving)) return MAY;
  const stay = voters.filter(({ name }) => name !== leaving);
  if (stay.length === 0) return { allowed: false, because: `${leaving} has the only etcd member` };
  const joining = members.filter(({ vote }) => vote === 'learner');
  if (joining.length > 0) {
    return { allowed: false, because: `a member is still joining: ${named(joining)}` };
  }
  const silent = stay.filter(({ healthy }) => !healthy);
  const live = stay.length - silent.length;
  if (live < quorumOf(stay.length)) {
    return {
      allowed: false,
      because: `without ${leaving} only ${live} of the ${stay.length} etcd members that stay answer, and ${quorumOf(stay.length)} must: ${named(silent)} does not`,
    };
  }
  const liveNow = voters.filter(({ healthy }) => healthy).length;
  if (liveNow < quorumOf(voters.length)) {
    return {
      allowed: false,
      because: `etcd has lost its quorum: ${liveNow} of its ${voters.length} members answer, and ${quorumOf(voters.length)} must`,
    };
  }
  return MAY;
}

/**
 * All of these, one after another, or none: what cannot go whole is not begun. Those without a vote, and those that
 * do not answer, go first: each makes room for the next.
 */
export function removalOrder(
  members: readonly EtcdMember[],
  leaving: readonly string[],
): RemovalOrder {
  const byName = new Map(members.map((member) => [member.name, member]));
  const rank = (name: string): number => {
    const member = byName.get(name);
    if (member === undefined) return 0;
    return member.vote === 'learner' ? 1 : member.healthy ? 3 : 2;
  };
  const order: string[] = [];
  let left = members;
  for (const name of leaving.toSorted((a, b) => rank(a) - rank(b))) {
    const verdict = mayRemove(left, name);
    if (!verdict.allowed) return verdict;
    order.push(name);
    left = left.filter((member) => member.name !== name);
  }
  return { allowed: true, order };
}

/**
 * Whether one may be away for a moment (a restart of its etcd): the others hold the quorum, or all of them answer. Two of a
 * cluster that is to have more, `wanted`, are on their way.
 */
export function mayRestart(
  members: readonly EtcdMember[],
  restarting: string,
  wanted = 0,
): QuorumVerdict {
  const voters = members.filter(({ vote }) => vote === 'voter');
  const others = voters.filter(({ name }) => name !== restarting);
  if (voters.length === 2 && others.length === 1 && wanted > 2) {
    return {
      allowed: false,
      because: `while ${restarting} restarts only 1 of the 2 etcd members answers, and 2 must: the cluster is to have ${wanted} of them first`,
    };
  }
  const silent = others.filter(({ healthy }) => !healthy);
  const live = others.length - silent.length;
  if (silent.length === 0 || live >= quorumOf(voters.length)) return MAY;
  return {
    allowed: false,
    because: `while ${restarting} restarts only ${live} of the ${voters.length} etcd members answer, and ${quorumOf(voters.length)} must: ${named(silent)} does not`,
  };
}

function named(members: readonly EtcdMember[]): string {
  return members.map(({ name }) => name).join(', ');
}
