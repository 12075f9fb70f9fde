import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Artifact } from './bundleIndex.js';
import { run } from '../run.js';
import { sha256File, writeImage } from './image.js';
import type { NamedImage } from './namedImage.js';

/** A piece of the bundle that is built, and skipped, as a whole. */
interface PartRecord {
  readonly inputs: string;
  readonly artifacts: readonly Artifact[];
}

const LAB = fileURLToPath(new URL('../', import.meta.url));
/** Beside the index, not in it: only this builder reads them. */
const RECORDS = '.parts';

/** What is recorded of a part, when it was built from these inputs and all its files are there. */
export function builtPart(bundle: string, name: string, inputs: string): PartRecord | undefined {
  const record = readPart(bundle, name);
  if (record?.inputs !== inputs) return undefined;
  const whole = record.artifacts.every(({ path, size }) => {
    const file = join(bundle, path);
    return existsSync(file) && statSync(file).size === size;
  });
  return whole ? record : undefined;
}

/** Records a part as built. */
export function recordPart(bundle: string, name: string, record: PartRecord): void {
  mkdirSync(join(bundle, RECORDS), { recursive: true });
  const file = join(bundle, RECORDS, `${name}.json`);
  writeFileSync(`${file}.new`, JSON.stringify(record));
  renameSync(`${file}.new`, file);
}

/** The artifacts of every part that the bundle holds. */
export function recordedArtifacts(bundle: string): (readonly Artifact[])[] {
  const dir = join(bundle, RECORDS);
  if (!existsSync(dir)) return [];
  const names = readdirSync(dir)
    .filter((name) => name.endsWith('.json'))
    .sort();
  return names.map((name) => readPart(bundle, name.slice(0, -'.json'.length))?.artifacts ?? []);
}

/** A hash of values and of the lab's own source files that a part depends on. */
export function inputsHash(values: unknown, sources: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(values));
  for (const source of sources) hash.update(source).update(readFileSync(join(LAB, source)));
  return hash.digest('hex');
}

/** Completes what is known of an artifact with the size and the sum of its file. */
export async function measured(
  bundle: string,
  artifact: Omit<Artifact, 'sha256' | 'size'>,
): Promise<Artifact> {
  const file = join(bundle, artifact.path);
  return { ...artifact, sha256: await sha256File(file), size: statSync(file).size };
}

/**
 * Compresses a file of the bundle beside itself and gives the path of the result: a third of the bytes cross
 * the wire. One thread: the result must not depend on the computer.
 */
export async function compressed(bundle: string, path: string): Promise<string> {
  await run('zstd', [
    '-q',
    '-9',
    '--single-thread',
    '-f',
    join(bundle, path),
    '-o',
    join(bundle, `${path}.zst`),
  ]);
  return `${path}.zst`;
}

/** Writes an image below `images/` and describes it. */
export async function addImage(
  bundle: string,
  image: NamedImage,
  kubernetes?: string,
): Promise<Artifact> {
  const archive = `images/${image.name}-${image.version}.tar`;
  mkdirSync(join(bundle, 'images'), { recursive: true });
  await writeImage(join(bundle, archive), image);
  const path = await compressed(bundle, archive);
  rmSync(join(bundle, archive));
  return measured(bundle, {
    path,
    kind: 'image',
    name: image.name,
    version: image.version,
    arch: 'amd64',
    ...(kubernetes === undefined ? {} : { kubernetes: [kubernetes] }),
    images: [image.ref],
    roles: image.roles,
  });
}

function readPart(bundle: string, name: string): PartRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(bundle, RECORDS, `${name}.json`), 'utf8')) as PartRecord;
  } catch {
    return undefined;
  }
}
