const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** Why this is no key of a label, taint or annotation, in words; undefined: it is one. */
export function labelKeyProblem(key: string): string | undefined {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  if (NAME.test(name) && (slash === -1 || PREFIX.test(key.slice(0, slash)))) return undefined;
  return `${JSON.stringify(key)} is not a key: at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit, and before it, if you like, a domain and "/", as in "example.com/zone"`;
}

/** Why this is no value of a label or taint, in words; undefined: it is one. */
export function labelValueProblem(value: string): string | undefined {
  if (value === '' || NAME.test(value)) return undefined;
  return `${JSON.stringify(value)} is not a label's value: at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit, or empty`;
}
