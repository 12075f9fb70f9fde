import { AddonType, blueprintOwner, type AddonContent } from '../core/blueprints.js';
import type { Problem } from '../core/errors.js';
import { at, items, text, type Cursor } from '../core/spec/cursor.js';
import { MAX_BLUEPRINT_BYTES } from '../core/spec/limits.js';
import { addonType, urlProblem } from '../core/spec/rules/addons.js';
import { placed, valuesOf, type PlacedContent } from '../core/spec/rules/contents.js';
import { openContent } from '../vault/sealedContent.js';
import type { ApiDeps } from './deps.js';
import { fetchContent } from './fetchContent.js';
import { tarFiles } from './tarFiles.js';

export interface FetchedAddons {
  /** With the sum of what the URL gave. */
  contents: (PlacedContent & { sha256: string })[];
  problems: Problem[];
}

type Of = { project: string; name: string };
type Got = { content: AddonContent; sha256: string } | { problem: Problem };

/**
 * What a blueprint's add-ons have by URL, all at once. What the newest version has read from the same URL is not read
 * again where the sum is given.
 */
export async function fetchAddons(deps: ApiDeps, of: Of, root: Cursor): Promise<FetchedAddons> {
  const result: FetchedAddons = { contents: [], problems: [] };
  const budget = { left: MAX_BLUEPRINT_BYTES };
  const all = items(at(root, 'spec', 'addons')).map(async (addon, index) => {
    const type = addonType(addon);
    const url = text(at(addon, 'url'));
    // What is wrong with the URL itself is told already.
    if (type === undefined || url === undefined || urlProblem(url) !== undefined) return;
    const got = (await had(deps, of, addon)) ?? (await fetchOne(addon, type, { url, budget }));
    if ('problem' in got) {
      result.problems.push(got.problem);
      return;
    }
    const content = { ...got.content, ...(type === AddonType.Helm ? valuesOf(addon) : {}) };
    const { path } = at(addon, 'url');
    result.contents.push({ ...placed(addon, index, type, { path, content }), sha256: got.sha256 });
  });
  await Promise.all(all);
  return result;
}

async function had({ store, vault }: ApiDeps, of: Of, addon: Cursor): Promise<Got | undefined> {
  const [type, url, sha256] = ['type', 'url', 'sha256'].map((field) => text(at(addon, field)));
  if (sha256 === undefined) return undefined;
  const newest = await store.blueprints.version(of.project, of.name);
  const known = newest?.addons.find(
    (each) => each.type === type && each.url === url && each.content.sha256 === sha256,
  );
  if (known === undefined) return undefined;
  const owner = blueprintOwner(of.project, of.name);
  const get = (from: string, name: string) => store.secrets.get(from, name);
  const { values: _values, ...content } = await openContent(vault, owner, known.content, get);
  return { content, sha256 };
}

async function fetchOne(
  addon: Cursor,
  type: AddonType,
  { url, budget }: { url: string; budget: { left: number } },
): Promise<Got> {
  const { path } = at(addon, 'url');
  const fetched = await fetchContent(url, { budget });
  if ('problem' in fetched) return { problem: { path, message: fetched.problem } };
  const sum = at(addon, 'sha256');
  const wanted = text(sum);
  if (wanted !== undefined && wanted !== fetched.sha256) {
    const message = `is not that of what the url gives: ${fetched.sha256}`;
    return { problem: { path: sum.path, message } };
  }
  const content = contentOf(type, fetched.bytes);
  if ('problem' in content) return { problem: { path, message: content.problem } };
  return { content, sha256: fetched.sha256 };
}

function contentOf(type: AddonType, bytes: Buffer): AddonContent | { problem: string } {
  switch (type) {
    case AddonType.Helm:
      return { chart: bytes.toString('base64') };
    case AddonType.Kustomize:
      return tarFiles(bytes);
    case AddonType.Manifest:
      try {
        return { manifest: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
      } catch {
        return { problem: 'gives no UTF-8 text' };
      }
  }
}
