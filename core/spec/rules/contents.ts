import { AddonType, type AddonContent } from '../../blueprints.js';
import type { Problem } from '../../errors.js';
import { at, isGiven, isRecord, items, text, type Cursor } from '../cursor.js';
import { MAX_ADDON_FILES } from '../limits.js';
import { appendPath } from '../path.js';
import { addonType, CONTENT_FIELD } from './addons.js';
import { objectKey, readObjects } from './kubernetesObjects.js';
import { kustomizationProblems } from './kustomization.js';

/** The content of an add-on and where it stands in the document. */
export interface PlacedContent {
  index: number;
  /** `spec.addons[0]`. */
  addon: string;
  name: string;
  type: AddonType;
  namespace?: string;
  /** Where what is wrong with the content is told: its field, or the url that gave it. */
  path: string;
  content: AddonContent;
}

/** Reads YAML documents; never throws. */
export type ParseDocuments = (text: string) => { values: unknown[]; defects: string[] };

/** The contents that stand in the document itself; values of the wrong type are told by the schema. */
export function inlineContents(root: Cursor): PlacedContent[] {
  return items(at(root, 'spec', 'addons')).flatMap((addon, index) => {
    const type = addonType(addon);
    if (type === undefined) return [];
    const cursor = at(addon, CONTENT_FIELD[type]);
    const content = contentOf(type, cursor, addon);
    if (content === undefined || isGiven(at(addon, 'url'))) return [];
    return [placed(addon, index, type, { path: cursor.path, content })];
  });
}

export function placed(
  addon: Cursor,
  index: number,
  type: AddonType,
  of: Pick<PlacedContent, 'path' | 'content'>,
): PlacedContent {
  const namespace = text(at(addon, 'namespace'));
  return {
    ...{ index, addon: addon.path, name: text(at(addon, 'name')) ?? '', type, ...of },
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function contentOf(type: AddonType, cursor: Cursor, addon: Cursor): AddonContent | undefined {
  if (type === AddonType.Kustomize) {
    if (!isRecord(cursor.value)) return undefined;
    const files = Object.entries(cursor.value);
    if (files.some(([, value]) => typeof value !== 'string')) return undefined;
    return { files: cursor.value as Record<string, string> };
  }
  const value = text(cursor);
  if (value === undefined || value === '') return undefined;
  if (type === AddonType.Manifest) return { manifest: value };
  return { chart: value, ...valuesOf(addon) };
}

/** A Helm add-on's values, wherever its chart comes from. */
export function valuesOf(addon: Cursor): Pick<AddonContent, 'values'> {
  const values = text(at(addon, 'values'));
  return values === undefined ? {} : { values };
}

/** Everything that is wrong with what add-ons hold, and what two of them hold both. */
export function contentProblems(
  contents: readonly PlacedContent[],
  parse: ParseDocuments,
): Problem[] {
  const holders = new Map<string, string>();
  return contents.flatMap((placed) => {
    switch (placed.type) {
      case AddonType.Manifest:
        return manifestProblems(placed, parse, holders);
      case AddonType.Kustomize:
        return kustomizeProblems(placed, parse);
      case AddonType.Helm:
        return helmProblems(placed, parse);
    }
  });
}

function manifestProblems(
  { path, name, namespace, content }: PlacedContent,
  parse: ParseDocuments,
  holders: Map<string, string>,
): Problem[] {
  const { values, defects } = parse(content.manifest ?? '');
  if (defects.length > 0) return defects.map((message) => ({ path, message }));
  const { objects, problems } = readObjects(values, namespace);
  const clashes = objects.flatMap((object) => {
    const key = objectKey(object);
    const holder = holders.get(key);
    holders.set(key, holder ?? name);
    if (holder === undefined) return [];
    const what = `${object.kind} ${object.namespace === undefined ? '' : `${object.namespace}/`}${object.name}`;
    return [holder === name ? `holds ${what} twice` : `holds ${what}, as ${holder} does`];
  });
  return [...problems, ...clashes].map((message) => ({ path, message }));
}

function kustomizeProblems({ path, content }: PlacedContent, parse: ParseDocuments): Problem[] {
  const files = content.files ?? {};
  const count = Object.keys(files).length;
  if (count > MAX_ADDON_FILES) {
    return [{ path, message: `has too many files: at most ${MAX_ADDON_FILES}` }];
  }
  const inline = path.endsWith('.files');
  return kustomizationProblems(files, parse).map(({ file, message }) => ({
    path: inline && file !== '' ? appendPath(path, file) : path,
    message: inline || file === '' ? message : `${file}: ${message}`,
  }));
}

const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;
/** What gzip's magic number is in base64. */
const GZIP = 'H4sI';

function helmProblems(
  { path, addon, content: { chart = '', values } }: PlacedContent,
  parse: ParseDocuments,
): Problem[] {
  const problems: Problem[] = [];
  if (!BASE64.test(chart)) {
    problems.push({ path, message: 'is not base64: give the .tgz that `helm package` writes' });
  } else if (!chart.trimStart().startsWith(GZIP)) {
    problems.push({ path, message: 'is no .tgz: give the file that `helm package` writes' });
  }
  if (values === undefined) return problems;
  const at = `${addon}.values`;
  const { values: documents, defects } = parse(values);
  problems.push(...defects.map((message) => ({ path: at, message })));
  const [value] = documents;
  const isMap = value === null || value === undefined || isRecord(value);
  if (defects.length === 0 && (documents.length > 1 || !isMap)) {
    problems.push({ path: at, message: 'must be one YAML map' });
  }
  return problems;
}
