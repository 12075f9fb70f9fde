import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';

import { reachableKubeconfig } from './kubeconfig.js';

const admin = stringify({
  clusters: [
    {
      name: 'kubernetes',
      cluster: { server: 'https://plinth-api.internal:7443', 'certificate-authority-data': 'Q0E=' },
    },
  ],
  users: [{ name: 'kubernetes-admin', user: { 'client-key-data': 'S0VZ' } }],
});
const reached = (address: string) =>
  parse(reachableKubeconfig(admin, { address, clusterName: 'demo' })) as {
    clusters: { name: string; cluster: Record<string, string> }[];
    users: { name: string; user: object }[];
    contexts: { name: string; context: object }[];
    'current-context': string;
  };

describe('a kubeconfig for people', () => {
  it('names an address that they reach, and the name that the certificate has', () => {
    expect(reached('192.0.2.7').clusters[0]?.cluster).toEqual({
      server: 'https://192.0.2.7:6443',
      'tls-server-name': 'plinth-api.internal',
      'certificate-authority-data': 'Q0E=',
    });
  });

  it('names the load balancer where the spec does, by a name that its certificate has', () => {
    const text = reachableKubeconfig(admin, {
      ...{ address: '192.0.2.7', clusterName: 'demo', endpoint: 'lb.example.net:6443' },
    });
    expect((parse(text) as ReturnType<typeof reached>).clusters[0]?.cluster).toEqual({
      server: 'https://lb.example.net:6443',
      'certificate-authority-data': 'Q0E=',
    });
  });

  it('writes an IPv6 address in brackets', () => {
    expect(reached('fd00::7').clusters[0]?.cluster['server']).toBe('https://[fd00::7]:6443');
  });

  it("carries the cluster's own names, so that several merge, and the user's key", () => {
    const config = reached('192.0.2.7');
    expect(config.clusters[0]?.name).toBe('demo');
    expect(config.users).toEqual([{ name: 'demo-admin', user: { 'client-key-data': 'S0VZ' } }]);
    expect(config.contexts).toEqual([
      { name: 'demo', context: { cluster: 'demo', user: 'demo-admin' } },
    ]);
    expect(config['current-context']).toBe('demo');
  });

  it.each(['', 'clusters: []', 'clusters: [{name: a, cluster: {}}]'])(
    'is refused from %j',
    (text) => {
      expect(() => reachableKubeconfig(text, { address: 'a', clusterName: 'b' })).toThrow(
        'holds no cluster or no user',
      );
    },
  );
});
