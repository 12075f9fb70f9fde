export type IdempotencyBegin =
  /** Nobody has: run it, then `finish` or `release` with this lease. */
  | { state: 'begun'; lease: Date; expiresAt: Date }
  /** Somebody runs it at this moment. */
  | { state: 'running' }
  | { state: 'done'; lease: Date; status: number; headers: Record<string, string> }
  /** The id was taken for another request. */
  | { state: 'other' };

/** Which request with an Idempotency-Key runs, and what was answered. Bodies of answers are kept as secrets. */
export interface IdempotencyStore {
  begin(request: {
    id: string;
    /** The same for the same request only. */
    fingerprint: string;
    /** Longer than the request can take: after it, its process counts as dead. */
    leaseMs: number;
    expiresAt: Date;
  }): Promise<IdempotencyBegin>;
  /** False when the lease ended and another process took over: its answer is the one. */
  finish(
    id: string,
    lease: Date,
    answer: { status: number; headers: Record<string, string> },
  ): Promise<boolean>;
  /** Nothing was changed: it may be sent again. */
  release(id: string, lease: Date): Promise<void>;
}
