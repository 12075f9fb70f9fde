import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HELM } from '../versions.js';
import type { Artifact } from './bundleIndex.js';
import { buildPrograms, moduleInputs, type BuildContext } from './goBuild.js';
import { compressed, inputsHash, measured } from './part.js';

/** Renders charts on a control plane; nothing of it runs in a cluster. */
export const HELM_PACKAGES: readonly string[] = ['helm.sh/helm/v3/cmd/helm'];

/** A hash of all that helm's file is made from. */
export function helmInputs(): string {
  return inputsHash([HELM, moduleInputs('helm')], ['build/helm.ts', 'build/part.ts']);
}

export async function helmArtifacts(context: BuildContext): Promise<Artifact[]> {
  const { bundle } = context.paths;
  const programs = await buildPrograms(context, {
    ...{ module: 'helm', version: HELM, packages: HELM_PACKAGES },
    settings: [`helm.sh/helm/v3/internal/version.version=${HELM}`],
  });
  const path = `tools/${HELM}/amd64/helm`;
  mkdirSync(dirname(join(bundle, path)), { recursive: true });
  copyFileSync(join(programs, 'helm'), join(bundle, path));
  const described = { kind: 'binary', name: 'helm', version: HELM, arch: 'amd64' } as const;
  return [await measured(bundle, { ...described, path: await compressed(bundle, path) })];
}
