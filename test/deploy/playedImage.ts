import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGES = 'npm ci --omit=dev';

/** What a container of the image would begin with. */
export interface PlayedImage {
  /** Its WORKDIR. */
  workdir: string;
  env: Record<string, string>;
  command: string[];
}

interface Stage extends PlayedImage {
  /** The folder that stands for `/`. */
  root: string;
}

/**
 * Builds the image of the Dockerfile in `folder` without a container engine: each stage is a folder, what COPY brings is what
 * .dockerignore lets through, and the packages are links to those of the checkout that are no devDependencies. The owner of
 * folders and the user are left out.
 */
export async function playDockerfile(folder: string): Promise<PlayedImage> {
  const stages = new Map<string, Stage>();
  let stage: Stage = { root: '', workdir: '', env: {}, command: [] };
  for (const [word, rest] of instructions()) {
    switch (word) {
      case 'FROM': {
        const [base = '', name = 'final'] = rest.split(/ AS /);
        stage = await newStage(join(folder, name), stages.get(base));
        stages.set(name, stage);
        break;
      }
      case 'WORKDIR':
        stage.workdir = join(stage.root, rest);
        await mkdir(stage.workdir, { recursive: true });
        break;
      case 'COPY':
        await copy(stage, rest, stages);
        break;
      case 'ENV':
        for (const [, key = '', value = ''] of rest.matchAll(/([A-Z_]+)=(\S+)/g)) {
          const path = process.env['PATH'] ?? '';
          stage.env[key] = value
            .replace(/^\/app\b/, join(stage.root, 'app'))
            .replace('$PATH', path);
        }
        break;
      case 'RUN':
        await run(stage, rest);
        break;
      case 'CMD':
        stage.command = JSON.parse(rest) as string[];
        break;
      default:
        if (!['USER', 'VOLUME', 'EXPOSE'].includes(word)) throw new Error(`cannot play ${word}`);
    }
  }
  return stage;
}

function instructions(): [word: string, rest: string][] {
  return readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [word = '', ...rest] = line.split(' ');
      return [word, rest.join(' ')];
    });
}

async function newStage(root: string, base: Stage | undefined): Promise<Stage> {
  await mkdir(root, { recursive: true });
  if (base === undefined) {
    return { root, workdir: root, env: { PATH: process.env['PATH'] ?? '' }, command: [] };
  }
  await cp(base.root, root, { recursive: true, verbatimSymlinks: true });
  const workdir = join(root, relative(base.root, base.workdir));
  return { ...base, root, workdir, env: { ...base.env } };
}

async function copy(stage: Stage, rest: string, stages: Map<string, Stage>): Promise<void> {
  const words = rest.split(' ');
  const from = /^--from=(.+)$/.exec(words[0] ?? '')?.[1];
  if (from !== undefined) words.shift();
  const target = words.pop() ?? '';
  for (const source of words) {
    const to = target.endsWith('/') && words.length > 1 ? join(target, source) : target;
    const other = from === undefined ? undefined : stages.get(from);
    if (from !== undefined && other === undefined) throw new Error(`there is no stage ${from}`);
    const path = join(other?.root ?? ROOT, source);
    if (other === undefined && isIgnored(source)) {
      throw new Error(`COPY ${source}: .dockerignore leaves it out`);
    }
    await mkdir(dirname(join(stage.workdir, to)), { recursive: true });
    await cp(path, join(stage.workdir, to), {
      ...{ recursive: true, verbatimSymlinks: true },
      filter: (each) => other !== undefined || !isIgnored(relative(ROOT, each)),
    });
  }
}

async function run(stage: Stage, command: string): Promise<void> {
  if (command === PACKAGES) return linkPackages(stage.workdir);
  const here = command
    .replaceAll(/-[og] node /g, '')
    .replaceAll(/ \/(\w)/g, (_, first: string) => ` ${stage.root}/${first}`);
  await promisify(execFile)('sh', ['-ec', here], { cwd: stage.workdir, env: stage.env });
}

async function linkPackages(workdir: string): Promise<void> {
  const lock = JSON.parse(readFileSync(join(workdir, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: true }>;
  };
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    const isTop = /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path);
    if (!isTop || dev === true || !existsSync(join(ROOT, path))) continue;
    await mkdir(dirname(join(workdir, path)), { recursive: true });
    await symlink(join(ROOT, path), join(workdir, path));
  }
}

const PATTERNS = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const keeps = line.startsWith('!');
    const glob = (keeps ? line.slice(1) : line)
      .replaceAll('.', '\\.')
      .replaceAll('**/', '\u0000')
      .replaceAll('*', '[^/]*')
      .replaceAll('\u0000', '(.*/)?');
    return { keeps, matches: new RegExp(`^${glob}(/|$)`) };
  });

/** The last pattern that a path, or a folder that it is in, matches decides. */
function isIgnored(path: string): boolean {
  const found = PATTERNS.findLast(({ matches }) => matches.test(path));
  return found !== undefined && !found.keeps;
}
