/** More in one query would be answers of many megabytes. */
const MOST = 100;

interface Waiting<V> {
  answer: Promise<V | undefined>;
  resolve: (value: V | undefined) => void;
  reject: (error: unknown) => void;
}

/**
 * Reads by key of which those that come while one read is under way share the next: under load a few queries
 * answer many requests. Nothing is kept: each read begins after it was asked for, so that everybody sees what was
 * written before. A value may be given to several; it is not to be changed.
 *
 * @example
 * const find = batched(async (names: string[]) => new Map(await readAll(names)));
 * const one = await find('demo');
 */
export function batched<V>(
  read: (keys: string[]) => Promise<ReadonlyMap<string, V>>,
): (key: string) => Promise<V | undefined> {
  const waiting = new Map<string, Waiting<V>>();
  let reading = false;

  const work = async (): Promise<void> => {
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, MOST);
      for (const [key] of batch) waiting.delete(key);
      try {
        const found = await read(batch.map(([key]) => key));
        for (const [key, { resolve }] of batch) resolve(found.get(key));
      } catch (error) {
        for (const [, { reject }] of batch) reject(error);
      }
    }
    reading = false;
  };

  return (key) => {
    const known = waiting.get(key) ?? newWaiting<V>();
    waiting.set(key, known);
    if (!reading) {
      reading = true;
      // Who asks in the same turn shares this one.
      queueMicrotask(() => void work());
    }
    return known.answer;
  };
}

function newWaiting<V>(): Waiting<V> {
  let settle: Pick<Waiting<V>, 'resolve' | 'reject'> | undefined;
  const answer = new Promise<V | undefined>((resolve, reject) => {
    settle = { resolve, reject };
  });
  if (settle === undefined) throw new Error('a promise calls its executor at once');
  return { answer, ...settle };
}
