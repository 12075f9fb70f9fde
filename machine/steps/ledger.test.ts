import { execFile } from 'node:child_process';
import {
  lstat,
  mkdtemp,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const exec = promisify(execFile);
const STEPS = fileURLToPath(new URL('.', import.meta.url));

let dir: string;
let root: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plinth-ledger-'));
  root = join(dir, 'root');
  await mkdir(join(dir, 'run'), { recursive: true });
  await mkdir(root);
});

afterEach(() => rm(dir, { recursive: true, force: true }));

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a script after prelude and ledger, as the runner would, on a root of its own ($R). */
async function script(text: string): Promise<Outcome> {
  const parts = ['prelude.sh', 'ledger.sh'].map((name) => readFile(join(STEPS, name), 'utf8'));
  const whole = [...(await Promise.all(parts)), text].join('\n');
  const env = {
    PATH: process.env['PATH'],
    LC_ALL: 'C',
    PLINTH_RUN_DIR: join(dir, 'run'),
    PLINTH_STATE: join(dir, 'state'),
    PLINTH_CLUSTER_ID: 'c',
    R: root,
  };
  return exec('bash', ['--norc', '-c', whole], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as Outcome,
  );
}

const RESTORE =
  'for r in "$PLINTH_BEFORE"/paths/*; do case $r in *.orig | *.list | *.mode) ;; *) records+=("$r") ;; esac; done; for ((i = ${#records[@]} - 1; i >= 0; i--)); do restore_record "${records[i]}"; done';

/** Every path below the root with its kind, mode and content. */
async function tree(at = root): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of (await readdir(at)).sort()) {
    const path = join(at, name);
    const stat = await lstat(path);
    const mode = (stat.mode & 0o7777).toString(8);
    const key = path.slice(root.length);
    if (stat.isSymbolicLink()) found[key] = `link ${await readlink(path)}`;
    else if (stat.isDirectory()) {
      found[key] = `directory ${mode}`;
      Object.assign(found, await tree(path));
    } else found[key] = `file ${mode} ${await readFile(path, 'utf8')}`;
  }
  return found;
}

const ran = (name: string) => readFile(join(dir, 'run', name), 'utf8');

describe('put_file', () => {
  it('writes the content with its mode and says that it changed something', async () => {
    const { stdout } = await script('put_file "$R/etc/a.conf" 0640 <<<hello; echo "$CHANGED"');

    expect(stdout.trim()).toBe('1');
    expect((await tree())['/etc/a.conf']).toBe('file 640 hello\n');
  });

  it('does nothing where the file is as wanted', async () => {
    const put = 'put_file "$R/a" 0644 <<<same;';
    const { stdout } = await script(`${put} CHANGED=0; ${put} echo "$CHANGED"`);

    expect(stdout.trim()).toBe('0');
  });

  it('sets a mode that differs though the content does not', async () => {
    await script('put_file "$R/a" 0644 <<<same; put_file "$R/a" 0600 <<<same');

    expect((await tree())['/a']).toBe('file 600 same\n');
  });

  it('keeps the first original, however often the file is written', async () => {
    await writeFile(join(root, 'a'), 'original', { mode: 0o600 });
    const before = await tree();

    await script('put_file "$R/a" 0644 <<<one');
    await script('put_file "$R/a" 0644 <<<two');
    await script(RESTORE);

    expect(await tree()).toEqual(before);
  });

  it('takes its folders away again, but not what somebody else put into them', async () => {
    await script('put_file "$R/x/y/a" 0644 <<<a; put_file "$R/p/q/a" 0644 <<<a; echo b >"$R/p/b"');
    await script(RESTORE);

    expect(await tree()).toEqual({ '/p': 'directory 755', '/p/b': 'file 644 b\n' });
  });

  it('puts a symbolic link back', async () => {
    await writeFile(join(root, 'target'), 'kept');
    await symlink('target', join(root, 'a'));
    const before = await tree();

    await script('put_file "$R/a" 0644 <<<ours');
    expect((await tree())['/a']).toBe('file 644 ours\n');
    await script(RESTORE);

    expect(await tree()).toEqual(before);
  });

  it('removes what a killed write left', async () => {
    await script('record_path "$R/a"; echo half >"$R/a.plinth-new"');
    await script(RESTORE);

    expect(await tree()).toEqual({});
  });
});

describe('record_path', () => {
  it('has what was absent removed whole', async () => {
    await script('record_path "$R/kube"; mkdir -p "$R/kube/pki"; echo x >"$R/kube/pki/ca.crt"');
    await script(RESTORE);

    expect(await tree()).toEqual({});
  });

  it('has only what is new removed from a folder that was there, and its mode put back', async () => {
    await mkdir(join(root, 'cni/net.d'), { recursive: true });
    await mkdir(join(root, 'cni/empty'));
    await writeFile(join(root, 'cni/net.d/mine [1] $x'), 'mine');
    const before = await tree();

    await script(
      'record_path "$R/cni"; echo x >"$R/cni/net.d/10-calico"; mkdir -p "$R/cni/bin/a b"; chmod 700 "$R/cni"',
    );
    await script(RESTORE);

    expect(await tree()).toEqual(before);
  });

  it('does not record again what is recorded', async () => {
    await script('record_path "$R/a"');
    await script('echo ours >"$R/a"; record_path "$R/a"');
    await script(RESTORE);

    expect(await tree()).toEqual({});
  });

  it('makes a record anew that was killed before it was whole', async () => {
    await writeFile(join(root, 'a'), 'original');
    await script(
      'mkdir -p "$PLINTH_BEFORE/paths"; f=$PLINTH_BEFORE/paths/$(plinth_path_key "$R/a"); echo torn >"$f.orig"; echo "file" >"$f.tmp"',
    );
    await script('put_file "$R/a" 0644 <<<ours');
    await script(RESTORE);

    expect((await tree())['/a']).toBe('file 644 original');
  });

  it('keeps paths apart that differ only in what the record escapes', async () => {
    await script(
      'record_path "$R/a/b"; record_path "$R/a%2Fb"; mkdir "$R/a"; echo 1 >"$R/a/b"; echo 2 >"$R/a%2Fb"',
    );
    await script(RESTORE);

    expect(await tree()).toEqual({ '/a': 'directory 755' });
  });
});

describe('what a run reports', () => {
  it('names the command of run that failed, with its arguments', async () => {
    const { code } = await script('f() { run ls "$R/nothing"; }; f');

    expect(code).toBe(2);
    expect(await ran('command')).toBe(`ls ${root}/nothing\n`);
  });

  it('names a failing command outside run by its text, not by its values', async () => {
    const { code } = await script('SECRET=hunter2; run true; grep -q "$SECRET" /dev/null');

    expect(code).toBe(1);
    expect(await ran('command')).toBe('grep -q "$SECRET" /dev/null\n');
  });

  it('keeps the code and the hint of fail', async () => {
    const { code, stderr } = await script("fail PackageLockHeld 'it is locked' 'wait'");

    expect(code).toBe(1);
    expect(stderr).toContain('it is locked');
    expect(await ran('fail_code')).toBe('PackageLockHeld\n');
    expect(await ran('hint')).toBe('wait\n');
  });

  it('ends well when it skips', async () => {
    const { code } = await script("skip 'all is done'; exit 7");

    expect(code).toBe(0);
    expect(await ran('skip')).toBe('all is done\n');
  });

  it('keeps the bytes of a result', async () => {
    await script("result key $'two\\nlines'");

    expect(await ran('results/key')).toBe('two\nlines');
  });
});
