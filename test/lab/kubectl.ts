import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Lab } from '../../lab/lab.js';
import type { RunningPlinth } from './plinth.js';

/** Runs kubectl on the host with these words, and what goes to its stdin; gives its stdout. */
export type Kubectl = (words: readonly string[], stdin?: string) => Promise<string>;

/** The bundle's own kubectl, with the kubeconfig that the API gives for the cluster at each call. */
export function hostKubectl(of: {
  lab: Lab;
  plinth: RunningPlinth;
  cluster: string;
  version?: string;
}): Kubectl {
  const { lab, plinth, cluster, version = 'v1.34.4' } = of;
  const binary = join(lab.bundle, 'kubernetes', version, 'amd64/kubectl');
  const path = join(plinth.dataDir, `kubeconfig-${cluster}`);
  return async (words, stdin = '') => {
    const response = await plinth.request('GET', `${cluster}/kubeconfig`);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`kubeconfig: ${String(response.status)} ${text}`);
    await writeFile(path, text, { mode: 0o600 });
    return run(binary, ['--kubeconfig', path, ...words], stdin);
  };
}

function run(binary: string, words: readonly string[], stdin: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(binary, words, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`kubectl ${words.join(' ')}: ${stderr.trim()}`));
    });
    child.stdin?.end(stdin);
  });
}
