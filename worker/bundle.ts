import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundleWorkflowCode, DefaultLogger, type BundleOptions } from '@temporalio/worker';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Of the sources, or of what they were compiled to. */
const EXTENSION = extname(fileURLToPath(import.meta.url));

export interface WorkflowsBundle {
  path: string;
  /** Of what it was made from: the same wherever the same release is bundled. 16 hexadecimal digits. */
  hash: string;
}

/**
 * Bundles the workflows into `folder` unless the same sources were bundled before; `traced`: with what makes their spans,
 * which changes nothing of what they do, nor the hash. Run as a process of its own, which prints it as a line of JSON: the
 * bundler's memory is not the worker's.
 */
export async function bundleWorkflows(
  folder: string,
  { traced = false } = {},
): Promise<WorkflowsBundle> {
  const hash = await sourcesHash();
  const path = join(folder, `workflows-${traced ? 'traced-' : ''}${hash}.js`);
  if (await exists(path)) return { path, hash };
  const { code } = await bundleWorkflowCode({
    ...bundleOptions({ traced }),
    logger: new DefaultLogger('WARN'),
  });
  await mkdir(folder, { recursive: true });
  await writeFile(`${path}.${String(process.pid)}`, code);
  await rename(`${path}.${String(process.pid)}`, path);
  return { path, hash };
}

/**
 * No `preloadModules`: evaluated once for all workflows of a process they start a quarter cheaper, but whatever a module
 * keeps, or what it imports, is then shared by workflows.
 */
export function bundleOptions({
  traced,
}: {
  traced: boolean;
}): Pick<BundleOptions, 'workflowsPath' | 'workflowInterceptorModules'> {
  const module = (name: string): string => join(ROOT, `workflows/${name}${EXTENSION}`);
  return {
    workflowsPath: module('index'),
    ...(traced && { workflowInterceptorModules: [module('tracing')] }),
  };
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}

/** Everything that can get into the bundle: our own sources and the SDK's version. */
async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256');
  const { resolve } = createRequire(import.meta.url);
  hash.update(await readFile(resolve('@temporalio/workflow/package.json')));
  for (const room of ['core', 'workflows']) {
    const names = await readdir(join(ROOT, room), { recursive: true });
    for (const name of names.filter((file) => file.endsWith(EXTENSION)).toSorted()) {
      if (name.endsWith(`.test${EXTENSION}`) || name.startsWith('spec')) continue;
      hash.update(name).update(await readFile(join(ROOT, room, name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder, traced] = process.argv;
  if (folder === undefined || (traced !== undefined && traced !== 'traced')) {
    throw new Error('usage: bundle.ts FOLDER [traced]');
  }
  const bundle = await bundleWorkflows(folder, { traced: traced !== undefined });
  process.stdout.write(`${JSON.stringify(bundle)}\n`);
}
