import {
  constants,
  copyFileSync,
  closeSync,
  chmodSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

import type { Command } from 'commander';

import { CliError } from '../client.js';
import { messageOf, writePrivately } from '../contexts.js';
import { ExitCode } from '../exitCodes.js';
import type { KubeconfigFile } from '../mergeKubeconfig.js';
import { clusterPath } from '../paths.js';
import type { CommandContext } from '../program.js';

interface KubeconfigOptions {
  merge?: boolean;
  use?: boolean;
  force?: boolean;
  contextName?: string;
}

export function kubeconfigCommand(program: Command, context: CommandContext): void {
  program
    .command('kubeconfig <cluster>')
    .description("the administrator's kubeconfig, to standard output")
    .option('--merge', 'put it into $KUBECONFIG or ~/.kube/config, as kubectl would')
    .option('--use', 'with --merge: make it the current context')
    .option('--context-name <name>', "with --merge: default is the cluster's name")
    .option(
      '--force',
      'with --merge: take the place of a context or cluster that something else has made',
    )
    .action(async (name: string, options: KubeconfigOptions) => {
      const { merge = false, use = false, force = false } = options;
      if (!merge && (use || force || options.contextName !== undefined)) {
        throw new CliError('--use, --force and --context-name go with --merge', ExitCode.Usage);
      }
      const { client, project, server } = context.session();
      const text = await client.getText(`${clusterPath(project, name)}/kubeconfig`);
      if (!merge) {
        context.out(text.trimEnd());
        return;
      }
      const as = options.contextName ?? name;
      const { mergeKubeconfig, oneCluster } = await import('../mergeKubeconfig.js');
      const credentials = oneCluster(text);
      const paths = kubeconfigPaths(context.env);
      withLocks(paths, () => {
        const { changed, current } = mergeKubeconfig(paths.map(readIfThere), {
          ...{ name: as, user: userName(server, project, name), credentials, use, force },
        });
        for (const file of changed) write(file, context.out);
        context.out(
          changed.length === 0
            ? `context ${as} is there already, as it is now`
            : `context ${as} is in ${changed.map(({ path }) => path).join(' and ')}`,
        );
        context.out(
          current === as
            ? 'it is the current context'
            : `the current context is still ${String(current)}: kubectl --context ${as} …, or plinth kubeconfig ${name} --merge --use`,
        );
      });
    });
}

/** Two servers may have clusters of one name in projects of one name. */
function userName(server: string, project: string, name: string): string {
  const { host, pathname } = new URL(server);
  return `plinth:${project}/${name}@${host}${pathname.replace(/\/+$/, '')}`;
}

/** As kubectl reads it: a list, else the one file. */
function kubeconfigPaths(env: NodeJS.ProcessEnv): string[] {
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (named.length > 0) return [...new Set(named)].map(resolved);
  return [resolved(join(env['HOME'] ?? homedir(), '.kube', 'config'))];
}

/** A link stays one: what it points to is what changes. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function readIfThere(path: string): KubeconfigFile {
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { path };
    throw new CliError(`${path} cannot be read: ${messageOf(error)}`, ExitCode.Config);
  }
}

function write(
  { path, text, existed }: { path: string; text: string; existed: boolean },
  say: (line: string) => void,
): void {
  if (existed) {
    const backup = `${path}.${new Date().toISOString().replaceAll(/[-:.]/g, '')}.bak`;
    try {
      copyFileSync(path, backup, constants.COPYFILE_EXCL);
      chmodSync(backup, 0o600);
    } catch (error) {
      throw new CliError(
        `${backup} cannot be written, so nothing was changed: ${messageOf(error)}`,
        ExitCode.CannotWrite,
      );
    }
    say(`${path} as it was is kept as ${backup}`);
  }
  writePrivately(path, text);
}

/** kubectl's own locks (`FILE.lock`), so that neither overwrites what the other has just written. */
function withLocks(paths: readonly string[], work: () => void): void {
  const held: string[] = [];
  try {
    for (const path of paths) {
      const lock = `${path}.lock`;
      try {
        closeSync(openSync(lock, 'wx', 0o600));
        held.push(lock);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // Where there is no folder yet, there is nothing to lock.
        if (code === 'ENOENT') continue;
        throw new CliError(
          code === 'EEXIST'
            ? `${lock} is there: something else is writing ${path} (if nothing is, remove it)`
            : `${lock} cannot be written: ${messageOf(error)}`,
          code === 'EEXIST' ? ExitCode.Conflict : ExitCode.CannotWrite,
        );
      }
    }
    work();
  } finally {
    for (const lock of held) rmSync(lock, { force: true });
  }
}
