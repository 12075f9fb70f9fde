import type { ClusterStepRef, StepRef } from '../activities/refs.js';

/** What an activity is about, as far as its first argument says. */
export type ActivitySubject = Partial<
  Pick<StepRef, 'project' | 'name' | 'tasksetId' | 'operation' | 'hostname' | 'step'> &
    Pick<ClusterStepRef, 'subject'> & { requestId: string }
>;

/** Of the arguments of an activity: every one of ours takes a reference first. */
export function subjectOf(args: readonly unknown[]): ActivitySubject {
  const [ref] = args;
  return typeof ref === 'object' && ref !== null ? ref : {};
}
