import { describe, expect, test } from 'vitest';
import { fixtureCluster, fixtureNode } from '../test/fixtures/cluster.js';
import type { Cluster } from './cluster.js';
import {
  CLUSTER_PASSPHRASE_SECRET,
  nodePassphraseSecret,
  passphraseFor,
  PROXY_AUTH_SECRET,
  splitSecrets,
} from './specSecrets.js';

function withSecrets(): Cluster {
  const cluster = fixtureCluster();
  cluster.spec.proxy = { enabled: true, httpProxy: 'http://p.example.com', proxyAuth: 'me:one' };
  cluster.spec.config.ssh = { username: 'ops', privateKeyPath: 'a.pem', passphrase: 'two' };
  cluster.spec.config.nodes[1] = fixtureNode(2, {
    ssh: { privateKeyPath: 'b.pem', passphrase: 'three' },
  });
  return cluster;
}

describe('splitSecrets', () => {
  test('finds every write-only value by name', () => {
    expect(splitSecrets(withSecrets()).secrets).toEqual({
      [PROXY_AUTH_SECRET]: 'me:one',
      [CLUSTER_PASSPHRASE_SECRET]: 'two',
      [nodePassphraseSecret('m2')]: 'three',
    });
  });

  test('the echo is the cluster without them, and the cluster stays as it was', () => {
    const cluster = withSecrets();
    const { echo } = splitSecrets(cluster);
    const expected = withSecrets();
    delete expected.spec.proxy?.proxyAuth;
    delete expected.spec.config.ssh?.passphrase;
    delete expected.spec.config.nodes[1]?.ssh?.passphrase;
    expect(echo).toEqual(expected);
    expect(cluster).toEqual(withSecrets());
  });

  test('names do not depend on the order of nodes', () => {
    const cluster = withSecrets();
    cluster.spec.config.nodes.reverse();
    expect(splitSecrets(cluster).secrets).toEqual(splitSecrets(withSecrets()).secrets);
  });
});

describe('passphraseFor', () => {
  const { secrets } = splitSecrets(withSecrets());

  test("a node's own passphrase comes first", () => {
    const node = fixtureNode(2, { ssh: { privateKeyPath: 'b.pem' } });
    expect(passphraseFor(node, secrets)).toBe('three');
  });

  test("a node that uses the cluster's key uses its passphrase", () => {
    expect(passphraseFor(fixtureNode(3, { ssh: { username: 'ops' } }), secrets)).toBe('two');
  });

  test("the cluster's passphrase is not tried on a node's own key", () => {
    expect(passphraseFor(fixtureNode(3), secrets)).toBeUndefined();
  });
});
