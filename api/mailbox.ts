/** Hands over the newest item only: a slow reader skips what is no longer true. */
export interface Mailbox<T extends object> {
  put(item: T): void;
  /** The reader gets no more items, at once. */
  end(): void;
  /** Waits for an item; undefined at the end. One reader at a time. */
  take(): Promise<T | undefined>;
}

export function createMailbox<T extends object>(): Mailbox<T> {
  let waiting: T | undefined;
  let ended = false;
  let reader: ((item: T | undefined) => void) | undefined;
  const deliver = (): void => {
    if (reader === undefined || (waiting === undefined && !ended)) return;
    const resolve = reader;
    reader = undefined;
    const item = ended ? undefined : waiting;
    waiting = undefined;
    resolve(item);
  };
  return {
    put(item) {
      waiting = item;
      deliver();
    },
    end() {
      ended = true;
      deliver();
    },
    take() {
      return new Promise((resolve) => {
        reader = resolve;
        deliver();
      });
    },
  };
}
