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

/** The activities that are a machine's step under another name. */
const STEP_OF_ACTIVITY: Readonly<Record<string, string>> = { gatherFacts: 'facts' };

/** The step that an activity is; undefined where it is none. */
export function stepOf(activityType: string, args: readonly unknown[]): string | undefined {
  return subjectOf(args).step ?? STEP_OF_ACTIVITY[activityType];
}
