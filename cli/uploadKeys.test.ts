import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';

import { fixtureCluster } from '../test/fixtures/cluster.js';
import type { StreamingClient } from './client.js';
import { readDocuments } from './documents.js';
import { openSshFingerprint } from './localKeys.js';
import { uploadKeys } from './uploadKeys.js';

const folder = mkdtempSync(join(tmpdir(), 'plinth-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

function made(name: string, ...how: string[]): string {
  const path = join(folder, name);
  execFileSync('ssh-keygen', ['-q', ...how, '-N', '', '-f', path]);
  return path;
}

/** What is sent when the server has just this key already. */
async function sentAgain(path: string): Promise<boolean> {
  const cluster = fixtureCluster();
  for (const node of cluster.spec.config.nodes) node.ssh = { ...node.ssh, privateKeyPath: path };
  const file = join(folder, 'cluster.yaml');
  writeFileSync(file, stringify(cluster));
  const [document] = await readDocuments(file);
  const [, fingerprint] = execFileSync('ssh-keygen', ['-lf', `${path}.pub`])
    .toString()
    .split(' ');
  const known = { metadata: { name: 'known' }, spec: { privateKeyPath: path } };
  let sent = false;
  const client = {
    getJson: () =>
      Promise.resolve({ metadata: {}, items: [{ ...known, status: { fingerprint } }] }),
    send: () => {
      sent = true;
      return Promise.resolve('');
    },
  } as unknown as StreamingClient;
  const session = { client, project: 'defaultproject', server: 'http://127.0.0.1' };
  await uploadKeys(session, document!, () => undefined);
  return sent;
}

const docs = readFileSync(new URL('../docs/cli.md', import.meta.url), 'utf8').replaceAll('\n', ' ');

test("a key of OpenSSH's format that is there already is not sent again", async () => {
  expect(await sentAgain(made('openssh', '-t', 'ed25519'))).toBe(false);
  expect(docs).toContain("A key in OpenSSH's own format that is there already is not sent again");
});

test('one in PEM is, because its file does not tell its fingerprint; so the document says', async () => {
  const pem = made('pem', '-t', 'rsa', '-b', '2048', '-m', 'PEM');
  expect(openSshFingerprint(readFileSync(pem, 'utf8'))).toBeUndefined();
  expect(await sentAgain(pem)).toBe(true);
  expect(docs).toMatch(/in PEM or PuTTY's format [^.]* is sent with each apply/);
});
