import { describe, expect, it } from 'vitest';

import { fixtureNode } from '../../test/fixtures/cluster.js';
import { fixtureStepContext, type ContextChange } from '../../test/fixtures/stepContext.js';
import {
  aptProxy,
  dnfProxy,
  insecureDownloads,
  proxyCa,
  proxyEnvironment,
  proxyParams,
} from './proxy.js';
import type { StepContext } from './types.js';

const HTTP = 'http://proxy.example:3128';
const HTTPS = 'http://proxy.example:3129';

function context(proxy: ContextChange['spec'], proxyAuth?: string): StepContext {
  const nodes = [
    fixtureNode(1, { roles: ['ControlPlane', 'Worker'], privateIP: '10.0.0.1' }),
    fixtureNode(2, { privateIP: '10.0.0.2' }),
  ];
  const base = fixtureStepContext({ nodes, spec: { ...proxy } });
  return { ...base, ...(proxyAuth === undefined ? {} : { proxyAuth }) };
}
const enabled = (change: object = {}, auth?: string): StepContext =>
  context({ proxy: { enabled: true, httpProxy: HTTP, httpsProxy: HTTPS, ...change } }, auth);
const rows = (of: StepContext): Record<string, string> =>
  Object.fromEntries(
    proxyEnvironment(of)
      .split('\n')
      .map((row) => [row.slice(0, row.indexOf('=')), row.slice(row.indexOf('=') + 1)]),
  );

describe("the environment of what fetches through the spec's proxy", () => {
  it('has every variable in both spellings, as programs look for either', () => {
    expect(rows(enabled())).toMatchObject({
      HTTP_PROXY: HTTP,
      http_proxy: HTTP,
      HTTPS_PROXY: HTTPS,
      https_proxy: HTTPS,
    });
    expect(rows(enabled())['no_proxy']).toBe(rows(enabled())['NO_PROXY']);
  });

  it("completes NO_PROXY by the cluster's own names, ranges and machines, each once", () => {
    const own = rows(enabled({ noProxy: ' .corp.example,10.0.0.2' }))['NO_PROXY']?.split(',') ?? [];
    expect(own.slice(0, 2)).toEqual(['.corp.example', '10.0.0.2']);
    for (const each of ['localhost', '127.0.0.1', '.svc', '.cluster.local', '10.0.0.1']) {
      expect(own).toContain(each);
    }
    const { podSubnet, serviceSubnet } = enabled().spec.config.network;
    expect(own).toEqual(expect.arrayContaining([podSubnet, serviceSubnet, 'plinth-api.internal']));
    expect(new Set(own).size).toBe(own.length);
  });

  it('is empty without a proxy, and with one that is off', () => {
    expect(proxyEnvironment(context({}))).toBe('');
    expect(proxyEnvironment(enabled({ enabled: false }, 'me:secret'))).toBe('');
  });

  it('leaves out what the spec has no address for', () => {
    const only = context({ proxy: { enabled: true, httpsProxy: HTTPS } });
    expect(Object.keys(rows(only))).toEqual(['HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy']);
  });
});

describe("a proxy's password", () => {
  it('is in the address, written so that no program takes a sign of it for its own', () => {
    expect(rows(enabled({}, "me:p@ss:w/r'd%"))['HTTP_PROXY']).toBe(
      'http://me:p%40ss%3Aw%2Fr%27d%25@proxy.example:3128',
    );
  });

  it('marks the files that hold it', () => {
    expect(proxyParams(enabled())['PROXY_SECRET']).toBe('false');
    expect(proxyParams(enabled({}, 'me:secret'))['PROXY_SECRET']).toBe('true');
    expect(proxyParams(enabled({ enabled: false }, 'me:secret'))['PROXY_SECRET']).toBe('false');
  });

  it('is not in the file of dnf, which everybody reads', () => {
    expect(dnfProxy(enabled())).toBe(HTTPS);
    expect(dnfProxy(enabled({}, 'me:secret'))).toBe('');
  });
});

describe('the package manager', () => {
  it('of Debian is told both proxies', () => {
    expect(aptProxy(enabled({}, 'me:secret'))).toBe(
      'Acquire::http::Proxy "http://me:secret@proxy.example:3128";\n' +
        'Acquire::https::Proxy "http://me:secret@proxy.example:3129";',
    );
    expect(aptProxy(context({}))).toBe('');
  });

  it('checks certificates unless a person has said otherwise', () => {
    expect(aptProxy(enabled())).not.toContain('Verify-Peer');
    const insecure = enabled({ allowInsecureBootstrap: true });
    expect(aptProxy(insecure)).toContain('Acquire::https::Verify-Peer "false";');
    expect(insecureDownloads(insecure)).toBe(true);
    expect(insecureDownloads(enabled({ enabled: false, allowInsecureBootstrap: true }))).toBe(
      false,
    );
  });
});

describe("a proxy's CA", () => {
  it('is trusted only while the proxy is used', () => {
    expect(proxyCa(enabled({ bootstrapCA: 'PEM\n' }))).toBe('PEM');
    expect(proxyCa(enabled({ bootstrapCA: 'PEM\n', enabled: false }))).toBe('');
  });
});
