import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fixtureContext } from '../../test/fixtures/cluster.js';
import { supportLevel } from '../matrix.js';
import { parseCluster } from './parseCluster.js';

const FOLDER = new URL('../../examples/', import.meta.url);
/** Clusters; the blueprint is a matter of parseBlueprint.test.ts. */
const files = readdirSync(FOLDER).filter(
  (file) => /\.(yaml|json)$/.test(file) && file !== 'blueprint.yaml',
);

const CONTEXT = fixtureContext({ credentials: new Set(['fleet', 'jump']) });

function load(file: string): unknown {
  const text = readFileSync(new URL(file, FOLDER), 'utf8');
  return file.endsWith('.json') ? JSON.parse(text) : parse(text);
}

function accepted(file: string): Extract<ReturnType<typeof parseCluster>, { ok: true }> {
  const parsed = parseCluster(load(file), CONTEXT);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems, null, 2));
  return parsed;
}

describe('examples', () => {
  test('there are the ones that the documents name', () => {
    expect(files.toSorted()).toEqual([
      'air-gapped.yaml',
      'by-installer.yaml',
      'every-field.yaml',
      'ha.yaml',
      'lab.yaml',
      'minimal.yaml',
      'mixed-arch.yaml',
      'proxy.yaml',
      'seed.json',
    ]);
  });

  test.each(files)('%s is accepted', (file) => {
    expect(accepted(file).cluster.kind).toBe('Cluster');
  });

  test("the lab's example is a combination that is tested", () => {
    const { config } = accepted('lab.yaml').cluster.spec;
    const levels = config.nodes.map(({ operatingSystem, arch }) =>
      supportLevel({
        kubernetes: config.kubernetesVersion,
        calico: config.network.cni.version,
        operatingSystem,
        arch,
      }),
    );
    expect(levels).toEqual(['tested', 'tested', 'tested']);
  });

  test('the write-only fields of every-field are found, and only those', () => {
    const { secrets, echo } = accepted('every-field.yaml');
    expect(secrets).toEqual({
      'spec.proxy.proxyAuth': 'me:change-me',
      'spec.config.ssh.passphrase': 'of the key',
      'spec.config.nodes["gpu1"].ssh.passphrase': 'of that key',
    });
    for (const secret of Object.values(secrets)) {
      expect(JSON.stringify(echo)).not.toContain(secret);
    }
  });
});
