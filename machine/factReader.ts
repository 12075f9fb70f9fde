/** The files a step's script left with `result KEY VALUE`. */
export type Results = Readonly<Record<string, string>>;

type Field = 'string' | 'number';
type Fields = Readonly<Record<string, Field>>;
type Value<F> = F extends 'number' ? number : string;
/** A row with every field of R and, where they are there, those of O. */
export type Row<R extends Fields, O extends Fields> = { [K in keyof R]: Value<R[K]> } & {
  [K in keyof O]?: Value<O[K]>;
};

/** Tolerant typed access to a script's results: what is missing or malformed is undefined. */
export function reader(results: Results) {
  const text = (key: string): string | undefined => {
    const value = results[key]?.trim();
    return value === '' ? undefined : value;
  };

  const json = (key: string): unknown => {
    try {
      return JSON.parse(text(key) ?? 'null');
    } catch {
      return undefined;
    }
  };

  const array = (key: string): unknown[] | undefined => {
    const value = json(key);
    return Array.isArray(value) ? (value as unknown[]) : undefined;
  };

  return {
    text,

    number(key: string): number | undefined {
      const value = Number(text(key) ?? NaN);
      return Number.isFinite(value) ? value : undefined;
    },

    flag(key: string): boolean | undefined {
      const value = text(key);
      return value === 'true' ? true : value === 'false' ? false : undefined;
    },

    oneOf<T>(key: string, values: Readonly<Record<string, T>>): T | undefined {
      const value = text(key);
      return value !== undefined && Object.hasOwn(values, value) ? values[value] : undefined;
    },

    list(key: string): string[] | undefined {
      return array(key)?.filter((item) => typeof item === 'string');
    },

    rows<R extends Fields, O extends Fields>(
      key: string,
      required: R,
      optional: O,
    ): Row<R, O>[] | undefined {
      return array(key)
        ?.map((item) => row(item, required, optional))
        .filter((item) => item !== undefined);
    },
  };
}

function row<R extends Fields, O extends Fields>(
  item: unknown,
  required: R,
  optional: O,
): Row<R, O> | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const source = new Map<string, unknown>(Object.entries(item));
  const has = ([name, type]: [string, Field]): boolean => typeof source.get(name) === type;
  const wanted = Object.entries(required);
  if (!wanted.every(has)) return undefined;
  const fields = [...wanted, ...Object.entries(optional).filter(has)];
  return Object.fromEntries(fields.map(([name]) => [name, source.get(name)])) as Row<R, O>;
}
