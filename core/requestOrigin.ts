/**
 * The request that a change goes back to. Kept with the change, in the same write, and then with its taskset: one begins as
 * soon as its change is there, which may be before the request has told the cluster's workflow.
 */
export interface RequestOrigin {
  requestId?: string;
  /** Of the request's span, where traces are wanted. */
  traceparent?: string;
}
