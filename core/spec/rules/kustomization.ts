import { at, isRecord, items, members, text, type Cursor } from '../cursor.js';

/** A kustomization's own names, of which a folder has exactly one. */
export const KUSTOMIZATIONS = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

const PATH = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;

export interface FileProblem {
  /** Of the file it is about. */
  file: string;
  message: string;
}

/**
 * What is wrong with the files of a Kustomize add-on: everything that a kustomization names must be among them, for
 * machines fetch nothing. `parse` reads YAML documents.
 */
export function kustomizationProblems(
  files: Readonly<Record<string, string>>,
  parse: (text: string) => { values: unknown[]; defects: string[] },
): FileProblem[] {
  const names = Object.keys(files);
  const problems: FileProblem[] = names
    .filter((name) => !PATH.test(name) || name.length > 200)
    .map((file) => ({
      file,
      message: 'is no path below the add-on: letters, digits, ".", "_", "-", with "/" between',
    }));
  const tops = KUSTOMIZATIONS.filter((name) => Object.hasOwn(files, name));
  if (tops.length !== 1) {
    const message =
      tops.length === 0 ? 'has no kustomization.yaml at its top' : `has both ${tops.join(' and ')}`;
    problems.push({ file: '', message });
  }
  for (const name of names.filter(isKustomization)) {
    const { values, defects } = parse(files[name] ?? '');
    problems.push(...defects.map((message) => ({ file: name, message })));
    const [value] = values;
    if (defects.length > 0) continue;
    if (!isRecord(value)) {
      problems.push({ file: name, message: 'is no kustomization: it must be a map' });
      continue;
    }
    const folder = name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : '';
    problems.push(...referenceProblems({ value, path: '' }, name, folder, files));
  }
  return problems;
}

function isKustomization(path: string): boolean {
  return KUSTOMIZATIONS.includes(path.slice(path.lastIndexOf('/') + 1));
}

/** Needs programs beside kustomize, which no machine has. */
const REFUSED = ['helmCharts', 'helmChartInflationGenerator', 'helmGlobals'];
/** Lists of files, folders, or inline YAML. */
const LISTS = [
  ...['resources', 'bases', 'components', 'crds', 'configurations', 'generators'],
  ...['transformers', 'validators', 'patchesStrategicMerge'],
];
/** Lists of maps of which one names a file. */
const IN_MAPS: readonly (readonly [list: string, field: string])[] = [
  ['patches', 'path'],
  ['patchesJson6902', 'path'],
  ['replacements', 'path'],
];

function referenceProblems(
  root: Cursor,
  file: string,
  folder: string,
  files: Readonly<Record<string, string>>,
): FileProblem[] {
  const refused = members(root)
    .filter(({ key }) => REFUSED.includes(key))
    .map(({ key }) => ({
      file,
      message: `${key}: charts are rendered by add-ons of type Helm, not by kustomize`,
    }));
  const missing = references(root).flatMap(({ path, value }) => {
    const found = resolveBelow(folder, value);
    if (found !== undefined && isThere(found, files)) return [];
    const why = /^[a-z][a-z0-9+.-]*:|^git@|\?ref=/i.test(value)
      ? 'is somewhere else, and machines fetch nothing: put it among the files'
      : 'is not among the files';
    return [{ file, message: `${path}: ${JSON.stringify(value)} ${why}` }];
  });
  return [...refused, ...missing];
}

function references(root: Cursor): { path: string; value: string }[] {
  const cursors = [
    ...LISTS.flatMap((list) => items(at(root, list))),
    ...IN_MAPS.flatMap(([list, field]) => items(at(root, list)).map((item) => at(item, field))),
    at(root, 'openapi', 'path'),
    ...['configMapGenerator', 'secretGenerator'].flatMap((list) =>
      items(at(root, list)).flatMap((generator) => [
        ...items(at(generator, 'files')),
        ...items(at(generator, 'envs')),
        at(generator, 'env'),
      ]),
    ),
  ];
  return cursors.flatMap((cursor) => {
    const value = text(cursor);
    // A list of patches may hold YAML instead of a path.
    if (value === undefined || value.includes('\n')) return [];
    const isGenerated = /^(configMap|secret)Generator/.test(cursor.path);
    // `key=path`
    return [{ path: cursor.path, value: isGenerated ? value.replace(/^[^=]*=/, '') : value }];
  });
}

/** A path from a folder, as one from the top; undefined: it leaves the add-on. */
function resolveBelow(folder: string, path: string): string | undefined {
  if (path.startsWith('/')) return undefined;
  const parts = folder === '' ? [] : folder.split('/');
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

function isThere(path: string, files: Readonly<Record<string, string>>): boolean {
  if (Object.hasOwn(files, path)) return true;
  return KUSTOMIZATIONS.some((name) =>
    Object.hasOwn(files, path === '' ? name : `${path}/${name}`),
  );
}
