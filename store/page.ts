/** Which part of a list. `after` is the key of the last item of the page before: what comes between does not shift it. */
export interface Page<Key = never> {
  limit: number;
  /** How many to leave out; default 0. */
  offset?: number;
  after?: Key;
}

/** A part of a list. */
export interface Slice<T> {
  items: T[];
  /** Of all that the filter holds for, on whatever page. */
  count: number;
  /** There is a next page. */
  more: boolean;
}

export type NameFilter = { exact: string } | { prefix: string };
