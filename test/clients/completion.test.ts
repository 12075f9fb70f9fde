import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { clustersOf, uniqueCluster } from '../api/openTestApi.js';
import { PLINTH } from '../product/runPlinth.js';
import { startRunningApi, type RunningApi } from '../product/runningApi.js';
import { openShell, type ShellTerminal } from './shellTerminal.js';

/** `plinth completion SHELL`, loaded as the documents say, in that shell on a terminal where somebody presses Tab. */

interface Shell {
  command: string[];
  /** Its start-up file, from the home folder. */
  file: string;
  text: string;
  /** What shows the candidates, where there are several. */
  list: string;
}

const READY = 'ready> ';
const SHELLS: Readonly<Record<string, Shell>> = {
  bash: {
    command: ['bash', '--noprofile', '-i'],
    file: '.bashrc',
    text: `PS1='${READY}'\nsource <(plinth completion bash)\n`,
    list: '\t\t',
  },
  zsh: {
    command: ['zsh', '--no-globalrcs', '-i'],
    file: '.zshrc',
    text: `PROMPT='${READY}'\nautoload -U compinit && compinit\nsource <(plinth completion zsh)\n`,
    list: '\t',
  },
  fish: {
    command: ['fish', '-i'],
    file: '.config/fish/config.fish',
    text: `function fish_prompt; echo -n '${READY}'; end\nplinth completion fish | source\n`,
    list: '\t',
  },
};
const RAN = 'it has run';
/** Who does not sit at the terminal asks the real one; what somebody types is written down instead of run. */
const STAND_IN = `#!/bin/sh
[ -t 1 ] || exec '${process.execPath}' '${PLINTH}' "$@"
printf '%s\\n' "$@" >"$HOME/said"
echo '${RAN}'
`;
/** As root on Debian `npm test` installs them: there none is missing. */
const mayBeMissing = process.platform !== 'linux' || process.getuid?.() !== 0;
const isThere = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

let api: RunningApi;
let project: string;
beforeAll(async () => {
  api = await startRunningApi();
  project = await api.project();
  for (const [site, name] of ['tabbed', 'edge'].entries()) {
    const answer = await fetch(api.url + clustersOf(project), {
      method: 'POST',
      headers: { 'x-api-key': api.adminKey, 'content-type': 'application/json' },
      body: JSON.stringify(uniqueCluster(project, name, 40 + site)),
    });
    expect(answer.status, await answer.text()).toBe(200);
  }
});
afterAll(() => api.stop());

describe.each(Object.entries(SHELLS))('%s', (name, shell) => {
  test.skipIf(mayBeMissing)('is there', () => {
    expect(isThere(name)).toBe(true);
  });

  describe.skipIf(!isThere(name))('completes (skipped where the shell is not installed)', () => {
    let home: string;
    let terminal: ShellTerminal;
    beforeAll(async () => {
      home = mkdtempSync(join(tmpdir(), 'plinth-shell-'));
      const write = (path: string, text: string, mode = 0o600): void => {
        mkdirSync(dirname(join(home, path)), { recursive: true });
        writeFileSync(join(home, path), text, { mode });
      };
      write('bin/plinth', STAND_IN, 0o755);
      write(shell.file, shell.text);
      write('cluster one.yaml', '');
      write('specs/two.yaml', '');
      write(
        '.config/plinth/config.json',
        JSON.stringify({
          contexts: { laboratory: { server: api.url }, other: { server: api.url } },
        }),
      );
      terminal = openShell(shell.command, {
        cwd: home,
        env: {
          ...{ HOME: home, PATH: `${join(home, 'bin')}:${process.env['PATH'] ?? ''}` },
          ...{ PLINTH_URL: api.url, PLINTH_API_KEY: api.adminKey, PLINTH_PROJECT: project },
        },
      });
      await terminal.shows(READY);
    });
    beforeEach(() => rmSync(join(home, 'said'), { force: true }));
    afterAll(async () => {
      await terminal.end();
      rmSync(home, { recursive: true, force: true });
    });

    /** The arguments that plinth is run with when somebody types this and presses Enter. */
    const ran = (typed: string): Promise<string[]> => ends(`plinth ${typed}`);
    async function ends(typed: string): Promise<string[]> {
      terminal.type(`${typed}\r`);
      await terminal.shows(RAN);
      await terminal.shows(READY);
      return readFileSync(join(home, 'said'), 'utf8').trimEnd().split('\n');
    }

    test.each([
      ['a command', 'sta\t', ['status']],
      ['a command of a command', 'get bl\t', ['get', 'blueprints']],
      ['an option', 'status tabbed --wa\t', ['status', 'tabbed', '--watch']],
      ['a cluster', 'status ta\t', ['status', 'tabbed']],
      ['a cluster behind an option without a value', 'logs -f ta\t', ['logs', '-f', 'tabbed']],
      ['one of a few words', 'get clusters -o ya\t', ['get', 'clusters', '-o', 'yaml']],
      ['a shell', 'completion fi\t', ['completion', 'fish']],
      ['a context', '--context lab\t version', ['--context', 'laboratory', 'version']],
      ['a file with a space in its name', 'apply -f clu\t', ['apply', '-f', 'cluster one.yaml']],
      ['a file in a folder', 'apply --file spe\ttw\t', ['apply', '--file', 'specs/two.yaml']],
      ['what comes behind a file', 'apply -f x --wa\t', ['apply', '-f', 'x', '--wait']],
    ])('%s', async (_title, typed, expected) => {
      expect(await ran(typed)).toEqual(expected);
    });

    test('a project, and the clusters of the project that is given', async () => {
      const typed = `-p ${project.slice(0, -1)}\t status ta\t`;
      expect(await ran(typed)).toEqual(['-p', project, 'status', 'tabbed']);
    });

    test('the same behind an equals sign, and behind an address with a port', async () => {
      const typed = `--server ${api.url} --project=${project.slice(0, -1)}\t status ta\t`;
      expect(await ran(typed)).toEqual([
        ...['--server', api.url, `--project=${project}`, 'status', 'tabbed'],
      ]);
    });

    test('nothing where there is nothing, and no file either', async () => {
      expect(await ran('status clu\t')).toEqual(['status', 'clu']);
    });

    test.each([
      ['all that can stand there', 'get', ['blueprints', 'clusters', 'nodes'], 'tasksets'],
      ['the clusters of the project', 'delete', ['edge'], 'tabbed'],
    ])('shows %s', async (_title, typed, words, last) => {
      terminal.type(`plinth ${typed} ${shell.list}`);
      const seen = await terminal.shows(last);
      for (const word of words) expect(seen).toContain(word);
      expect(seen).not.toContain('specs');
      expect(await ends('one')).toEqual([typed, 'one']);
    });
  });
});
