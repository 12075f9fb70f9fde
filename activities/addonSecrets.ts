import { parseAllDocuments } from 'yaml';

import { AddonType, type AddonContent } from '../core/blueprints.js';

/** Names under which charts take passwords and the like. */
const SECRET_KEY = /pass|secret|token|credential|private|apikey|api_key|auth|cert|dsn/i;
/** A shorter one would take common words out of every line. */
const LEAST = 6;
/** Every line of output is searched for all of them; what prints data prints the beginning of it. */
const MOST = 5_000;

/**
 * What of an add-on nobody may read in a log or a failure: the data of its Secrets, what its kustomizations make Secrets
 * of, and values under a name that sounds like one. Of several lines, each by itself: output comes by lines.
 */
export function addonSecrets(type: AddonType, content: AddonContent): string[] {
  const found = secretsOf(type, content);
  const lines = found.flatMap((secret) => [secret, ...secret.split(/\r?\n/)]);
  const distinct = [...new Set(lines.map((line) => line.trim()))];
  return distinct.filter(({ length }) => length >= LEAST).slice(0, MOST);
}

function secretsOf(type: AddonType, content: AddonContent): string[] {
  switch (type) {
    case AddonType.Manifest:
      return documents(content.manifest).flatMap(ofObject);
    case AddonType.Kustomize:
      return ofFiles(content.files ?? {});
    case AddonType.Helm:
      return documents(content.values).flatMap((values) => ofValues(values, false));
  }
}

function documents(text = ''): unknown[] {
  const all = parseAllDocuments(text, { uniqueKeys: false });
  if (!Array.isArray(all)) return [];
  return all.flatMap((each) => {
    try {
      return [each.toJS({ maxAliasCount: 100 }) as unknown];
    } catch {
      return [];
    }
  });
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function ofObject(value: unknown): string[] {
  if (!isMap(value)) return [];
  const { kind, data, stringData, items } = value;
  if (kind === 'List' && Array.isArray(items)) return items.flatMap(ofObject);
  if (kind !== 'Secret') return [];
  const encoded = isMap(data) ? texts(Object.values(data)) : [];
  const plain = isMap(stringData) ? texts(Object.values(stringData)) : [];
  const decoded = encoded.map((text) => Buffer.from(text, 'base64').toString());
  return [...encoded, ...decoded, ...plain];
}

function texts(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === 'string');
}

/** A secretGenerator's files and literals, and Secrets among the resources. */
function ofFiles(files: Readonly<Record<string, string>>): string[] {
  return Object.entries(files).flatMap(([path, text]) => {
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : '';
    return documents(text).flatMap((value) => {
      if (!isMap(value)) return [];
      const { secretGenerator } = value;
      if (!Array.isArray(secretGenerator)) return ofObject(value);
      return secretGenerator.flatMap((each: unknown) => ofGenerator(each, folder, files));
    });
  });
}

function ofGenerator(
  generator: unknown,
  folder: string,
  files: Readonly<Record<string, string>>,
): string[] {
  if (!isMap(generator)) return [];
  const list = (key: string): string[] => {
    const value = generator[key];
    return Array.isArray(value) ? texts(value) : [];
  };
  const named = (path: string): string => files[(folder + path).replace(/(^|\/)\.\//g, '$1')] ?? '';
  const afterSign = (pair: string): string =>
    pair.replace(/^[^=]*=/, '').replace(/^["']|["']$/g, '');
  const env = typeof generator['env'] === 'string' ? [generator['env']] : [];
  return [
    ...list('literals').map(afterSign),
    ...list('files').map((pair) => named(pair.replace(/^[^=]*=/, ''))),
    ...[...list('envs'), ...env].flatMap((path) => named(path).split('\n').map(afterSign)),
  ];
}

function ofValues(value: unknown, isSecret: boolean): string[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown) => ofValues(item, isSecret));
  if (isMap(value)) {
    return Object.entries(value).flatMap(([key, inner]) =>
      ofValues(inner, isSecret || SECRET_KEY.test(key)),
    );
  }
  return isSecret && (typeof value === 'string' || typeof value === 'number')
    ? [String(value)]
    : [];
}
