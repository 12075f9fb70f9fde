/**
 * What answers may carry in `metadata` beside what a client gave: set by the server, so accepted and ignored in a
 * request, that what a GET gave can be edited and posted back.
 */
export const SERVER_METADATA: ReadonlySet<string> = new Set([
  'id',
  'uid',
  'generation',
  'resourceVersion',
  'createdAt',
  'createdBy',
  'modifiedAt',
  'modifiedBy',
  'creationTimestamp',
]);
