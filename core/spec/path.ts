const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** One step down a path: `spec.config.nodes[1]`, and quoted where a key is odd: `labels["example.com/zone"]`. */
export function appendPath(path: string, part: PropertyKey): string {
  if (typeof part === 'number') return `${path}[${part}]`;
  const key = String(part);
  if (!PLAIN_KEY.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

export function formatPath(parts: readonly PropertyKey[]): string {
  return parts.reduce<string>(appendPath, '');
}
