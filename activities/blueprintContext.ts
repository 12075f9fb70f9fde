import { createHash } from 'node:crypto';

import {
  AddonType,
  blueprintOwner,
  type AddonContent,
  type AddonHead,
  type ResolvedBlueprint,
} from '../core/blueprints.js';
import { AppError, ErrorCode } from '../core/errors.js';
import type {
  AddonFile,
  BlueprintContext,
  RenderedAddon,
  StepContext,
} from '../machine/steps/types.js';
import { openContent } from '../vault/sealedContent.js';
import { addonSecrets } from './addonSecrets.js';
import type { ActivityDeps } from './deps.js';

/**
 * A blueprint as steps see it, in the version that was planned; undefined: a built-in one. Its contents are opened only
 * where they are asked for.
 * @throws AppError NotFound when the version is gone.
 */
export async function blueprintContext(
  deps: ActivityDeps,
  project: string,
  { of, contents = false }: { of: ResolvedBlueprint | undefined; contents: boolean | undefined },
): Promise<BlueprintContext | undefined> {
  if (of === undefined || !contents) return of === undefined ? undefined : { ...of, addons: [] };
  const version = await deps.store.blueprints.version(project, of.name, of.version);
  if (version === undefined) {
    throw new AppError(
      ErrorCode.NotFound,
      `blueprint ${of.name} version ${of.version ?? ''} is gone`,
    );
  }
  const owner = blueprintOwner(project, of.name);
  const get = (from: string, name: string) => deps.store.secrets.get(from, name);
  const addons = await Promise.all(
    version.addons.map(async ({ content, ...head }) =>
      renderedAddon(head, await openContent(deps.vault, owner, content, get)),
    ),
  );
  return { ...of, addons };
}

/** The bytes of all that the add-ons' files hold, by their sums. */
export function addonBytes({ blueprint }: StepContext): ReadonlyMap<string, Buffer> {
  const files = (blueprint?.addons ?? []).flatMap((addon) => addon.files);
  return new Map(files.map(({ sha256, bytes }) => [sha256, bytes]));
}

/** Whatever its type, a machine gets a folder that kustomize reads, or what Helm makes one of. */
export function renderedAddon(head: AddonHead, content: AddonContent): RenderedAddon {
  const { name, type, namespace, releaseName } = head;
  return {
    ...{ name, type, files: filesOf(type, content), secrets: addonSecrets(type, content) },
    ...(namespace === undefined ? {} : { namespace }),
    ...(releaseName === undefined ? {} : { releaseName }),
  };
}

function filesOf(type: AddonType, content: AddonContent): AddonFile[] {
  switch (type) {
    case AddonType.Manifest:
      return [
        file('manifest.yaml', content.manifest ?? ''),
        file('kustomization.yaml', 'resources:\n  - manifest.yaml\n'),
      ];
    case AddonType.Kustomize:
      return Object.entries(content.files ?? {}).map(([path, text]) => file(path, text));
    case AddonType.Helm:
      return [
        file('chart.tgz', Buffer.from(content.chart ?? '', 'base64')),
        file('values.yaml', content.values ?? '{}\n'),
        file('kustomization.yaml', 'resources:\n  - rendered.yaml\n'),
      ];
  }
}

function file(path: string, content: string | Buffer): AddonFile {
  const bytes = Buffer.from(content);
  return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}
