import {
  blueprintOwner,
  type Addon,
  type AddonContent,
  type BlueprintRecord,
  type BlueprintVersion,
  type StoredAddon,
  type StoredContent,
} from '../core/blueprints.js';
import { AppError, ErrorCode, type Problem } from '../core/errors.js';
import { at, text, type Cursor } from '../core/spec/cursor.js';
import { MAX_BLUEPRINT_BYTES } from '../core/spec/limits.js';
import {
  acceptedBlueprint,
  blueprintProblems,
  sortedProblems,
} from '../core/spec/parseBlueprint.js';
import {
  contentProblems,
  inlineContents,
  type PlacedContent,
} from '../core/spec/rules/contents.js';
import { parseYamlDocuments } from '../core/spec/yamlText.js';
import { sealContent } from '../vault/sealedContent.js';
import type { ApiDeps } from './deps.js';
import { fetchAddons } from './fetchAddons.js';

export interface PutBlueprint {
  record: BlueprintRecord;
  version: BlueprintVersion;
  created: boolean;
  /** It is a new version. */
  changed: boolean;
}

type Placed = PlacedContent & { sha256?: string };

/**
 * Checks a Blueprint, reads what its add-ons have by URL, seals the contents and records a version. Nothing is written
 * unless everything is right.
 * @throws AppError InvalidRequest with every problem; Conflict for a version that is there with another content.
 */
export async function putBlueprint(
  deps: ApiDeps,
  project: string,
  raw: unknown,
): Promise<PutBlueprint> {
  const root: Cursor = { value: raw, path: '' };
  const of = { project, name: text(at(root, 'metadata', 'name')) ?? '' };
  const fetched = await fetchAddons(deps, of, root);
  const contents: Placed[] = [...inlineContents(root), ...fetched.contents].toSorted(
    (a, b) => a.index - b.index,
  );
  const problems = sortedProblems([
    ...blueprintProblems(raw, project),
    ...fetched.problems,
    ...contentProblems(contents, parseYamlDocuments),
    ...sizeProblems(contents),
  ]);
  if (problems.length > 0) {
    throw new AppError(ErrorCode.InvalidRequest, 'the blueprint is not valid', { problems });
  }
  const { metadata, spec } = acceptedBlueprint(raw, project);
  const addons: StoredAddon[] = [];
  // Before the version: a cluster may follow it as soon as that is there.
  for (const [index, addon] of (spec.addons ?? []).entries()) {
    const { content = {}, sha256 } = contents.find((each) => each.index === index) ?? {};
    const kept = await keepContent(deps, of, content);
    const stored = sha256 === undefined ? kept : { ...kept, sha256 };
    addons.push({ ...headOf(addon), content: stored });
  }
  return deps.store.blueprints.put({
    record: {
      ...metadata,
      ...(spec.driftEveryHours === undefined ? {} : { driftEveryHours: spec.driftEveryHours }),
      ...(spec.rollout === undefined ? {} : { rollout: spec.rollout }),
    },
    version: {
      base: spec.base?.name ?? 'minimal',
      ...(spec.base === undefined ? {} : { baseGiven: true as const }),
      ...(spec.driftPolicy === undefined ? {} : { driftPolicy: spec.driftPolicy }),
      ...(spec.version === undefined ? {} : { version: spec.version }),
      addons,
    },
  });
}

function sizeProblems(contents: readonly PlacedContent[]): Problem[] {
  const total = contents.reduce((sum, { content }) => sum + JSON.stringify(content).length, 0);
  if (total <= MAX_BLUEPRINT_BYTES) return [];
  const message = `hold more than ${String(MAX_BLUEPRINT_BYTES / 1024 / 1024)} MiB together`;
  return [{ path: 'spec.addons', message }];
}

function headOf(addon: Addon): Omit<StoredAddon, 'content'> {
  const { manifest: _manifest, files: _files, chart: _chart, values: _values, ...head } = addon;
  return head;
}

async function keepContent(
  { store, vault }: ApiDeps,
  { project, name }: { project: string; name: string },
  content: AddonContent,
): Promise<StoredContent> {
  const owner = blueprintOwner(project, name);
  const { stored, pieces } = sealContent(vault, owner, content);
  for (const piece of pieces) await store.secrets.put(owner, piece.name, piece.sealed);
  return stored;
}
