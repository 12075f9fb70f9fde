import { stringify } from 'yaml';

import type { Cluster } from '../../core/cluster.js';
import type { Planted } from './traces.js';

const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';

/** Bodies that are refused, each with a secret where the refusal might quote it: content type and text. */
export function badBodies(
  planted: Map<string, string> & Planted,
  cluster: Cluster,
): [string, string][] {
  const word = `hunter${String(Math.random()).slice(2, 14)}`;
  const number = Math.floor(1e14 + Math.random() * 8e14);
  const key = planted.get('key of the credential')!;
  planted.set('a word where none belongs', word);
  planted.set('a number where a word belongs', String(number));
  const with_ = (change: (cluster: Record<string, never>) => void): [string, string][] => {
    const body = structuredClone(cluster) as unknown as Record<string, never>;
    change(body);
    return [
      [JSON_TYPE, JSON.stringify(body)],
      [YAML_TYPE, stringify(body)],
    ];
  };
  return [
    ...with_((body) => set(body, number, 'spec', 'config', 'nodes', '1', 'ssh', 'passphrase')),
    ...with_((body) => set(body, number, 'spec', 'proxy', 'proxyAuth')),
    ...with_((body) => set(body, word, 'spec', 'proxy', 'proxyAuth')),
    ...with_((body) => set(body, [word], 'spec', 'proxy', 'proxyAuth')),
    ...with_((body) => set(body, `http://me:${word}@proxy:1`, 'spec', 'proxy', 'httpProxy')),
    ...with_((body) => set(body, `me:${word}@proxy/x`, 'spec', 'proxy', 'httpsProxy')),
    ...with_((body) => set(body, `http://me:${word}@proxy:1`, 'spec', 'proxy', 'noProxy')),
    ...with_((body) => set(body, `http://me:${word}@proxy:1`, 'spec', 'proxy')),
    ...with_((body) => set(body, word, 'spec', 'config', 'nodes', '1', 'ssh')),
    ...with_((body) => set(body, key, 'spec', 'config', 'nodes', '1', 'ssh', 'privateKeyPath')),
    ...with_((body) =>
      set(body, key.replaceAll('\n', ' '), 'spec', 'config', 'nodes', '1', 'ssh', 'privateKeyPath'),
    ),
    ...with_((body) => set(body, key, 'spec', 'proxy', 'bootstrapCA')),
    ...credentialBodies(word, number, key),
    [JSON_TYPE, `{"spec": {"passphrase": "${word}" "x"}}`],
    [JSON_TYPE, `{"spec": {"passphrase": ${word}}}`],
    [JSON_TYPE, `{"spec": {"passphrase": "${word}`],
    ...[
      `spec:\n  passphrase: *${word}\n`,
      `spec:\n  passphrase: !${word} x\n`,
      `spec:\n  passphrase: !e!${word} x\n`,
      `spec:\n  passphrase: | ${word}\n`,
      `spec:\n  passphrase: "a\\q${word}"\n`,
      `spec:\n  passphrase: @${word}\n`,
      `spec:\n  passphrase: 'a' ${word}\n`,
      `spec:\n  passphrase: {${word}\n`,
      `spec:\n  passphrase: [x] ${word}: b\n`,
      `spec:\n  passphrase: a: ${word}: b\n`,
      `%${word} x\n---\nspec: 1\n`,
      `spec:\n  privateKey: "${key}\n`,
      `spec:\n  privateKey: ${key}\n`,
    ].map((text): [string, string] => [YAML_TYPE, text]),
  ];
}

function credentialBodies(word: string, number: number, key: string): [string, string][] {
  const metadata = { name: 'bad' };
  return [
    { privateKey: word },
    { privateKey: [key] },
    { privateKey: key.replace('PRIVATE', 'PUBLIC') },
    { privateKey: key.slice(0, 200) },
    { privateKey: key, passphrase: word },
    { privateKey: key, passphrase: number },
    { privateKey: key, privateKeyPath: key },
    { privateKey: key, username: `${word} ${word}`.length, hostKey: 1 },
    key,
  ].map((spec): [string, string] => [JSON_TYPE, JSON.stringify({ metadata, spec })]);
}

/** A path of keys into a document, whatever lies there. */
function set(body: Record<string, never>, value: unknown, ...path: string[]): void {
  const last = path.pop()!;
  const inner = path.reduce<Record<string, unknown>>(
    (at, part) => at[part] as Record<string, unknown>,
    body,
  );
  inner[last] = value;
}
