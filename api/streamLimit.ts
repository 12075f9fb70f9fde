/** How many streams one caller may have open at once. */
export interface StreamLimit {
  /** Takes one of the caller's places, to be given back by what is returned; undefined: there is none left. */
  open(caller: string): (() => void) | undefined;
  /** How many are open, of all callers. */
  count(): number;
}

/**
 * Each stream is a connection, and each cluster that is watched is read twice a second: a rate of requests bounds
 * neither.
 *
 * @example
 * const limit = createStreamLimit(100);
 * const close = limit.open('key-1');
 * close?.();
 */
export function createStreamLimit(most: number): StreamLimit {
  const open = new Map<string, number>();
  return {
    count: () => [...open.values()].reduce((all, of) => all + of, 0),
    open(caller) {
      const now = open.get(caller) ?? 0;
      if (now >= most) return undefined;
      open.set(caller, now + 1);
      let given = false;
      return () => {
        if (given) return;
        given = true;
        const left = (open.get(caller) ?? 1) - 1;
        if (left === 0) open.delete(caller);
        else open.set(caller, left);
      };
    },
  };
}
