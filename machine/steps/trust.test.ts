import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const exec = promisify(execFile);
const STEPS = fileURLToPath(new URL('.', import.meta.url));
const FILE = 'usr/local/share/ca-certificates/plinth-proxy.crt';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plinth-trust-'));
  await mkdir(join(dir, 'bin'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** The system's own tool; `text` is what it does beside leaving a note. */
async function tool(text = ''): Promise<void> {
  const path = join(dir, 'bin/update-ca-certificates');
  await writeFile(path, `#!/bin/bash\necho ran >>${dir}/ran\n${text}\n`);
  await chmod(path, 0o755);
}

async function trust(ca: string, then = ''): Promise<void> {
  const files = ['prelude', 'ledger', 'trust'];
  const texts = await Promise.all(files.map((name) => readFile(`${STEPS}${name}.sh`, 'utf8')));
  const text = texts
    .join('\n')
    .replaceAll('/usr/local', `${dir}/usr/local`)
    .replaceAll('/etc/', `${dir}/etc/`);
  const script = `${text}
    files_of containerd.service
    trust_proxy
    ${then}`;
  const env = {
    PATH: `${dir}/bin:/usr/bin:/bin`,
    PLINTH_RUN_DIR: dir,
    PLINTH_STATE: join(dir, 'state'),
    PROXY_CA: ca,
  };
  await exec('bash', ['--norc', '-c', script], { env });
}
const read = (path: string) => readFile(join(dir, path), 'utf8').catch(() => undefined);
const runs = async () => ((await read('ran')) ?? '').split('\n').length - 1;

describe("a proxy's CA on a machine", () => {
  it('is handed to the system, once, and to who reads it at its start', async () => {
    await tool();
    await trust('PEM');
    await trust('PEM');
    expect(await read(FILE)).toBe('PEM\n');
    expect(await runs()).toBe(1);
    expect(await read('state/pending/containerd.service')).toBe('');
  });

  it('is handed over again where the tool did not come to its end', async () => {
    await tool(`[[ $(wc -l <${dir}/ran) -gt 1 ]]`);
    await expect(trust('PEM')).rejects.toThrow();
    await trust('PEM');
    expect(await runs()).toBe(2);
  });

  it('leaves when the spec has none any more', async () => {
    await tool();
    await trust('PEM');
    await trust('');
    expect(await read(FILE)).toBeUndefined();
    expect(await runs()).toBe(2);
  });

  it('changes nothing where the spec never had one', async () => {
    await tool();
    await trust('');
    expect(await runs()).toBe(0);
  });
});
