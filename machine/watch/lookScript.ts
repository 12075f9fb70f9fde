import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What a look may be about: through a control plane the cluster, and the machine itself. */
export type LookPart = 'cluster' | 'machine';

/** The words are ours; nothing of a cluster's gets into them. */
const COMMANDS = {
  cluster: 'bash -s cluster',
  machine: 'bash -s machine',
  both: 'bash -s cluster machine',
} as const;

let text: string | undefined;

/** The script of a look, for bash's stdin. */
export function lookScript(): string {
  text ??= ['../steps/etcd-lib.sh', '../steps/certificates-lib.sh', 'look.sh']
    .map((file) => readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8'))
    .join('\n');
  return text;
}

export function lookCommand(parts: readonly LookPart[]): string {
  if (parts.length > 1) return COMMANDS.both;
  return parts[0] === 'machine' ? COMMANDS.machine : COMMANDS.cluster;
}
