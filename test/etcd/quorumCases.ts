import type { EtcdMember } from '../../core/quorum.js';

/** `m1` votes and answers; `m1!` does not answer; `m1?` is a learner, `m1?!` one that does not answer. */
export function members(text: string): EtcdMember[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => ({
      name: word.replace(/[?!]/g, ''),
      vote: word.includes('?') ? 'learner' : 'voter',
      healthy: !word.includes('!'),
    }));
}

interface Case {
  title: string;
  /** As `members` reads it. */
  etcd: string;
  /** Why not; absent: it may. */
  refused?: string;
}

/** What core/quorum.ts and machine/steps/etcd-quorum.sh have to say alike. */
export const ADD: readonly (Case & { joining: string })[] = [
  { title: 'a second one', etcd: 'm1', joining: 'm2' },
  { title: 'a third one', etcd: 'm1 m2', joining: 'm3' },
  { title: 'one whose earlier attempt is a learner', etcd: 'm1 m2?!', joining: 'm2' },
  { title: 'one whose earlier attempt got its vote', etcd: 'm1 m2 m3!', joining: 'm3' },
  {
    title: 'while another is a learner',
    etcd: 'm1 m2?',
    joining: 'm3',
    refused: 'no etcd member may join now: m2 is still a learner',
  },
  {
    title: 'while others do not answer',
    etcd: 'm1 m2! m3! m4?!',
    joining: 'm5',
    refused:
      'no etcd member may join now: m2 does not answer; m3 does not answer; m4 is still a learner',
  },
  {
    title: 'in the place of a dead one that is still counted',
    etcd: 'm1 m2 m3!',
    joining: 'm4',
    refused: 'no etcd member may join now: m3 does not answer',
  },
];

export const REMOVE: readonly (Case & { leaving: string })[] = [
  { title: 'one of three', etcd: 'm1 m2 m3', leaving: 'm1' },
  { title: 'the dead one of three', etcd: 'm1 m2 m3!', leaving: 'm3' },
  { title: 'one of two', etcd: 'm1 m2', leaving: 'm1' },
  { title: 'one of five, another being dead', etcd: 'm1 m2! m3 m4 m5', leaving: 'm3' },
  { title: 'a learner', etcd: 'm1 m2?', leaving: 'm2' },
  { title: 'a learner beside a dead one', etcd: 'm1 m2! m3 m4?!', leaving: 'm4' },
  { title: 'a learner beside another', etcd: 'm1 m2? m3?', leaving: 'm3' },
  { title: 'what is no member', etcd: 'm1 m2!', leaving: 'm9' },
  {
    title: 'the only one',
    etcd: 'm1',
    leaving: 'm1',
    refused: 'm1 has the only etcd member',
  },
  {
    title: 'the only one that votes',
    etcd: 'm1 m2?',
    leaving: 'm1',
    refused: 'm1 has the only etcd member',
  },
  {
    title: 'one of two while a third one joins',
    etcd: 'm1 m2 m3?',
    leaving: 'm1',
    refused: 'a member is still joining: m3',
  },
  {
    title: 'one of three, another being dead',
    etcd: 'm1 m2! m3',
    leaving: 'm3',
    refused: 'without m3 only 1 of the 2 etcd members that stay answer, and 2 must: m2 does not',
  },
  {
    title: 'one of five, two others being dead',
    etcd: 'm1 m2! m3! m4 m5',
    leaving: 'm5',
    refused:
      'without m5 only 2 of the 4 etcd members that stay answer, and 3 must: m2, m3 does not',
  },
  {
    title: 'the one that lives',
    etcd: 'm1! m2',
    leaving: 'm2',
    refused: 'without m2 only 0 of the 1 etcd members that stay answer, and 1 must: m1 does not',
  },
  {
    title: 'the dead one of two: etcd cannot agree on it',
    etcd: 'm1 m2!',
    leaving: 'm2',
    refused: 'etcd has lost its quorum: 1 of its 2 members answer, and 2 must',
  },
];

export const ORDER: readonly (Case & { leaving: string[]; order?: string[] })[] = [
  { title: 'three become one', etcd: 'm1 m2 m3', leaving: ['m1', 'm3'], order: ['m1', 'm3'] },
  {
    title: 'the dead one goes first',
    etcd: 'm1 m2 m3!',
    leaving: ['m1', 'm3'],
    order: ['m3', 'm1'],
  },
  {
    title: 'a learner goes before all who vote, and what is no member before everybody',
    etcd: 'm1 m2 m3! m4?',
    leaving: ['m2', 'm3', 'm4', 'w1'],
    order: ['w1', 'm4', 'm3', 'm2'],
  },
  {
    title: 'none goes where the last one could not',
    etcd: 'm1 m2! m3 m4 m5',
    leaving: ['m3', 'm4', 'm5'],
    refused: 'without m5 only 1 of the 2 etcd members that stay answer, and 2 must: m2 does not',
  },
  { title: 'all of them', etcd: 'm1', leaving: ['m1'], refused: 'm1 has the only etcd member' },
];

export const RESTART: readonly (Case & { restarting: string; wanted?: number })[] = [
  { title: 'the only one', etcd: 'm1', restarting: 'm1' },
  { title: 'one of two', etcd: 'm1 m2', restarting: 'm1', wanted: 2 },
  {
    ...{ title: 'one of two that are to be three', etcd: 'm1 m2', restarting: 'm1', wanted: 3 },
    refused:
      'while m1 restarts only 1 of the 2 etcd members answers, and 2 must: the cluster is to have 3 of them first',
  },
  { title: 'what is none of two', etcd: 'm1 m2', restarting: 'm3', wanted: 3 },
  { title: 'one of two beside a learner', etcd: 'm1 m2 m3?', restarting: 'm3', wanted: 3 },
  { title: 'one of three', etcd: 'm1 m2 m3', restarting: 'm2' },
  { title: 'the one of three that does not answer', etcd: 'm1 m2! m3', restarting: 'm2' },
  { title: 'one of five, another being dead', etcd: 'm1 m2! m3 m4 m5', restarting: 'm1' },
  {
    title: 'one of three, another being dead',
    etcd: 'm1 m2! m3',
    restarting: 'm1',
    refused: 'while m1 restarts only 1 of the 3 etcd members answer, and 2 must: m2 does not',
  },
];
