interface Reading<V> {
  now: Promise<V>;
  next?: Promise<V>;
}

/**
 * Reads of which those that ask for the same while it is being read share the next read of it. Nothing is kept:
 * each read begins after it was asked for. A value may be given to several; it is not to be changed.
 *
 * @example
 * const page = shared((key: string) => readPage(JSON.parse(key)));
 * const first = await page(JSON.stringify({ limit: 10 }));
 */
export function shared<V>(read: (key: string) => Promise<V>): (key: string) => Promise<V> {
  const readings = new Map<string, Reading<V>>();

  const begin = (key: string): Promise<V> => {
    const reading: Reading<V> = { now: read(key) };
    readings.set(key, reading);
    const forget = (): void => {
      if (readings.get(key) === reading) readings.delete(key);
    };
    reading.now.then(forget, forget);
    return reading.now;
  };

  return (key) => {
    const reading = readings.get(key);
    if (reading === undefined) return begin(key);
    const again = (): Promise<V> => begin(key);
    reading.next ??= reading.now.then(again, again);
    return reading.next;
  };
}
