import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const exec = promisify(execFile);
const STEPS = fileURLToPath(new URL('.', import.meta.url));
const DROP_IN = 'systemd/system/a.service.d/50-plinth-proxy.conf';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plinth-proxy-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** What a unit's proxy files become on a machine whose /etc is a folder of the test. */
async function unitProxy(environment: string, secret: boolean): Promise<void> {
  const files = ['prelude', 'ledger', 'unit-proxy'];
  const texts = await Promise.all(files.map((name) => readFile(`${STEPS}${name}.sh`, 'utf8')));
  const script = `${texts.join('\n').replaceAll('/etc/', `${dir}/`)}
    files_of a.service
    unit_proxy a.service`;
  const env = {
    PATH: process.env['PATH'],
    PLINTH_RUN_DIR: dir,
    PLINTH_STATE: join(dir, 'state'),
    PROXY_ENVIRONMENT: environment,
    PROXY_SECRET: String(secret),
  };
  await exec('bash', ['--norc', '-c', script], { env });
}
const read = (path: string) => readFile(join(dir, path), 'utf8').catch(() => undefined);

describe("a unit's proxy", () => {
  it('is in its environment, with no word of systemd in it', async () => {
    await unitProxy('HTTP_PROXY=http://p:1/%20\nNO_PROXY=a,b', false);
    expect(await read(DROP_IN)).toBe(
      '[Service]\nEnvironment="HTTP_PROXY=http://p:1/%%20"\nEnvironment="NO_PROXY=a,b"\n',
    );
    expect(await read('plinth/proxy.env')).toBeUndefined();
  });

  it('with a password is in a file of root alone', async () => {
    await unitProxy('HTTP_PROXY=http://me:p%40ss@p:1', true);
    expect(await read(DROP_IN)).toBe(`[Service]\nEnvironmentFile=${dir}/plinth/proxy.env\n`);
    expect(await read('plinth/proxy.env')).toBe('HTTP_PROXY=http://me:p%40ss@p:1\n');
    expect((await stat(join(dir, 'plinth/proxy.env'))).mode & 0o777).toBe(0o600);
  });

  it('that is off leaves nothing, and the unit has to take that up', async () => {
    await unitProxy('HTTP_PROXY=http://me:p@p:1', true);
    await rm(join(dir, 'state/pending'), { recursive: true });
    await unitProxy('', false);
    expect(await read(DROP_IN)).toBeUndefined();
    expect(await read('plinth/proxy.env')).toBeUndefined();
    expect(await read('state/pending/a.service')).toBe('');
  });
});
