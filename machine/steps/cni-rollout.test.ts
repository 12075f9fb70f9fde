import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const exec = promisify(execFile);
const STEPS = fileURLToPath(new URL('.', import.meta.url));

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plinth-rollout-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/**
 * kubectl as it answers in turn: of each `rollout status` whether it ended well, and of each look at the workload how far
 * it is.
 */
const KUBECTL = `#!/bin/bash
next() { local n; n=$(cat "$DIR/$1.n" 2>/dev/null || echo 1); echo $((n + 1)) >"$DIR/$1.n"; sed -n "$n"p "$DIR/$1"; }
printf '%s\\n' "$*" >>"$DIR/asked"
case "$*" in
  *"rollout status"*) exit "$(next ends)" ;;
  *updatedNumberScheduled*) next states ;;
  *matchLabels*) printf '{"k8s-app":"calico-node"}' ;;
  *"get pods -l k8s-app=calico-node -o"*) printf 'calico-node-a m1 True\\ncalico-node-b m2 False\\n' ;;
esac
`;

async function rollOut(
  ends: readonly number[],
  states: readonly string[],
): Promise<{ failed: boolean; output: string; asked: string[] }> {
  const files = ['prelude', 'control-plane-lib', 'cni-rollout'];
  const texts = await Promise.all(files.map((name) => readFile(`${STEPS}${name}.sh`, 'utf8')));
  await writeFile(join(dir, 'kubectl'), KUBECTL, { mode: 0o755 });
  await writeFile(join(dir, 'ends'), `${ends.join('\n')}\n`);
  await writeFile(join(dir, 'states'), `${states.join('\n')}\n`);
  const env = {
    ...{ PATH: `${dir}:${process.env['PATH'] ?? ''}`, DIR: dir },
    ...{ PLINTH_RUN_DIR: dir, PLINTH_STATE: dir, QUIET_SECONDS: '300' },
    WORKLOADS: 'kube-system daemonset/calico-node\nkube-system deployment/calico-kube-controllers',
  };
  const { failed, output } = await exec('bash', ['--norc', '-c', texts.join('\n')], { env }).then(
    ({ stdout }) => ({ failed: false, output: stdout }),
    (error: unknown) => {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      return { failed: true, output: stdout + stderr };
    },
  );
  const asked = (await readFile(join(dir, 'asked'), 'utf8')).trim().split('\n');
  return { failed, output, asked: asked.filter((line) => line.includes('rollout status')) };
}

describe("a roll-out of the network's workloads", () => {
  it('ends when each of them is rolled out', async () => {
    const { failed, output, asked } = await rollOut([0, 0], ['2 3 3', '1 1 1']);
    expect(failed, output).toBe(false);
    expect(asked.map((line) => line.split(' ').at(-2))).toEqual([
      'daemonset/calico-node',
      'deployment/calico-kube-controllers',
    ]);
    expect(asked[0]).toContain('--timeout=300s');
  });

  it('is waited for as long as it goes on', async () => {
    const states = ['2 1 3', '2 2 3', '2 3 3', '1 1 1'];
    const { failed, output, asked } = await rollOut([1, 1, 0, 0], states);
    expect(failed, output).toBe(false);
    expect(asked).toHaveLength(4);
  });

  it('fails once nothing comes of it, and names the pods and nodes that are in the way', async () => {
    const { failed, output, asked } = await rollOut([1, 1], ['2 1 3', '2 2 2', '2 2 2']);
    expect(failed).toBe(true);
    expect(output).toContain(
      'daemonset/calico-node is not rolled out, and nothing of it has changed for 300 s; not ready: calico-node-b on m2',
    );
    expect(asked).toHaveLength(2);
  });
});
