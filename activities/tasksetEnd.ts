import { isAside } from '../core/planAsked.js';
import type { AppliedCluster } from '../core/records.js';
import { isRestoring } from '../core/restoreChecks.js';
import { OperationName } from '../core/words.js';
import type { OperationOutcome, Work } from './refs.js';

/** The seed's words for a taskset that went well. */
const APPLIED_COMMENT = 'Configuration is applied to the cluster successfully';

/** What the end of a taskset means for the cluster. Texts are empty where nothing is wrong. */
export interface TasksetEnd {
  /** What is desired is on the machines now. */
  applied: boolean;
  /** Why it is not; undefined where the taskset was not about the spec. */
  specFailure: string | undefined;
  /** Why the cluster is not Ready any more. */
  notReady: string;
  /** It is as it is desired. */
  ready: boolean;
  /** Asked operations that were done, by id. */
  doneAsked: string[];
  comment: string;
  failedComment: string;
  /** What is wrong still although nothing in this taskset failed. */
  standing: string;
}

/**
 * A failed snapshot or renewal, or a node that was seen to beside it, leaves the cluster as Ready as it was; a snapshot that
 * went well does not make a cluster whole whose spec could not be applied.
 */
export function tasksetEnd({
  work,
  outcomes,
  record,
}: {
  work: Work;
  outcomes: readonly OperationOutcome[];
  record: { applied: Pick<AppliedCluster, 'failure' | 'restoring'> };
}): TasksetEnd {
  const ofSpec = work.operations.some((operation) => !isAside(operation));
  const failures = outcomes.filter((outcome) => outcome.failed);
  const reasonsOf = (which: (index: number) => boolean): string =>
    failures
      .filter(({ index }) => which(index))
      .map(({ errorSummary }) => errorSummary)
      .join('. ');
  const at = (index: number) => work.operations[index];
  const isOfSpec = (index: number): boolean => {
    const operation = at(index);
    return operation === undefined || !isAside(operation);
  };
  const failedSpec = failures.some(({ index }) => isOfSpec(index));
  const known = record.applied.failure ?? '';
  const specFailure = ofSpec ? reasonsOf(isOfSpec) : undefined;
  // A restore that was refused before anything was stopped leaves the cluster as it was, too.
  const hasBegun = isRestoring(record);
  const isHarmless = (index: number): boolean =>
    !isOfSpec(index) && !(hasBegun && at(index)?.name === OperationName.ClusterRestore);
  const notReady = reasonsOf((index) => !isHarmless(index));
  const restored = work.operations.some(({ name }) => name === OperationName.ClusterRestore);
  const failed = new Set(failures.map(({ index }) => index));
  const standing = specFailure ?? known;
  const names = work.operations.map(({ name }) => name).join(', ');
  return {
    applied: ofSpec && !failedSpec,
    specFailure,
    notReady: notReady === '' && restored ? standing : notReady,
    ready: (ofSpec || restored) && standing === '' && notReady === '',
    doneAsked: work.operations.flatMap(({ asked }, index) =>
      asked === undefined || failed.has(index) ? [] : [asked.id],
    ),
    comment: ofSpec ? APPLIED_COMMENT : `${names}: done`,
    failedComment: ofSpec ? 'Configuration could not be applied' : `${names} failed`,
    standing,
  };
}
