import {
  blueprintOwner,
  isBuiltIn,
  type AddonContent,
  type BlueprintRecord,
  type BlueprintVersion,
} from '../core/blueprints.js';
import { AppError, ErrorCode } from '../core/errors.js';
import { openContent } from '../vault/sealedContent.js';
import { hasRole } from './auth/principal.js';
import { principalOf, type ApiContext } from './env.js';
import { blueprintView, builtInView, type BlueprintView } from './schemas/blueprint.js';

export interface FoundBlueprint {
  record: BlueprintRecord;
  version: BlueprintVersion;
}

type Of = { project: string; name: string };

/** A project's own blueprint, in a version or the newest. @throws AppError NotFound */
export async function findBlueprint(
  c: ApiContext,
  { project, name }: Of,
  word?: string,
): Promise<FoundBlueprint> {
  const { blueprints } = c.var.deps.store;
  const [record, version] = await Promise.all([
    blueprints.get(project, name),
    blueprints.version(project, name, word),
  ]);
  if (record === undefined || (version === undefined && word === undefined)) {
    throw new AppError(ErrorCode.NotFound, `project ${project} has no blueprint ${name}`);
  }
  if (version === undefined) {
    throw new AppError(ErrorCode.NotFound, `blueprint ${name} has no version ${word ?? ''}`);
  }
  return { record, version };
}

/** A blueprint as this caller may see it: its contents are for operators, for they may hold Secrets. */
export async function shownBlueprint(c: ApiContext, of: Of, word?: string): Promise<BlueprintView> {
  if (isBuiltIn(of.name)) {
    if (word === undefined) return builtInView(of.name, of.project);
    throw new AppError(ErrorCode.NotFound, `blueprint ${of.name} has no versions`);
  }
  const { record, version } = await findBlueprint(c, of, word);
  return viewFor(c, record, version);
}

export async function viewFor(
  c: ApiContext,
  record: BlueprintRecord,
  version: BlueprintVersion,
): Promise<BlueprintView> {
  if (!hasRole(principalOf(c), 'operator')) return blueprintView(record, version);
  return blueprintView(record, version, await contentsOf(c, version));
}

function contentsOf(c: ApiContext, version: BlueprintVersion): Promise<AddonContent[]> {
  const { store, vault } = c.var.deps;
  const owner = blueprintOwner(version.project, version.name);
  return Promise.all(
    version.addons.map(({ content }) =>
      openContent(vault, owner, content, (from, name) => store.secrets.get(from, name)),
    ),
  );
}
