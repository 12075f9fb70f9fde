import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

import type { Problem } from '../errors.js';
import { acceptedBlueprint, blueprintProblems, sortedProblems } from './parseBlueprint.js';
import { contentProblems, inlineContents } from './rules/contents.js';

const parseDocuments = (text: string) => {
  const all = parseAllDocuments(text);
  const documents = Array.isArray(all) ? all : [];
  const defects = documents.flatMap(({ errors }) => errors.map(({ code }) => code as string));
  return {
    values: defects.length > 0 ? [] : documents.map((each) => each.toJS() as unknown),
    defects,
  };
};

function problemsOf(raw: unknown): Problem[] {
  return sortedProblems([
    ...blueprintProblems(raw, 'p'),
    ...contentProblems(inlineContents({ value: raw, path: '' }), parseDocuments),
  ]);
}

const blueprint = (addons: unknown, spec: object = {}, metadata: object = {}): unknown => ({
  apiVersion: 'infra.k8smgmt.io/v3',
  kind: 'Blueprint',
  metadata: { name: 'web', ...metadata },
  spec: { ...spec, addons },
});
const manifest = (text: string, rest: object = {}) => ({
  ...{ name: 'site', type: 'Manifest', manifest: text, ...rest },
});
const configMap = (name: string, namespace?: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${namespace === undefined ? '' : `  namespace: ${namespace}\n`}`;
const says = (raw: unknown): string[] =>
  problemsOf(raw).map(({ path, message }) => `${path}: ${message}`);

describe('a blueprint', () => {
  it('of the examples is right, with one add-on of each type', () => {
    const text = readFileSync(new URL('../../examples/blueprint.yaml', import.meta.url), 'utf8');
    const raw = parse(text) as { spec: { addons: { type: string }[] } };
    expect(says({ ...raw, metadata: { name: 'web' } })).toEqual([]);
    expect(raw.spec.addons.map(({ type }) => type).toSorted()).toEqual([
      ...['Helm', 'Kustomize', 'Manifest'],
    ]);
  });

  it('is taken as it was given, but for what the server sets', () => {
    const raw = blueprint([manifest(configMap('a', 'b'))], {}, { modifiedAt: 'then' }) as object;
    expect(says(raw)).toEqual([]);
    expect(acceptedBlueprint({ ...raw, status: { version: 'v1' } }, 'p')).toEqual({
      ...(blueprint([manifest(configMap('a', 'b'))]) as object),
      metadata: { name: 'web', project: 'p' },
    });
  });

  it('is told every problem at once, each with its path', () => {
    const raw = blueprint(
      [
        { name: 'a', type: 'Helmet' },
        { name: 'b', type: 'Manifest', manifest: configMap('x', 'n'), chart: 'H4sI' },
        { name: 'b', type: 'Kustomize', url: 'ftp://x/y', sha256: 'abc' },
        { name: 'c', type: 'Helm', chart: 'no base64!', values: '- a' },
        { name: 'd', type: 'Manifest', manifest: configMap('y', 'n'), sha256: 'a'.repeat(64) },
        { name: 'e', type: 'Kustomize' },
        { name: 'f', type: 'Manifest', url: 'https://me:pw@host/x.yaml' },
      ],
      { version: 'V 1', base: { name: 'web' }, rollout: { concurrency: '0', maxFailures: -1 } },
      { project: 'other', colour: 'red' },
    );
    const paths = problemsOf(raw).map(({ path }) => path);
    expect([...new Set(paths)]).toEqual([
      'metadata.colour',
      'metadata.project',
      'spec.addons[0].type',
      'spec.addons[1].chart',
      'spec.addons[2].name',
      'spec.addons[2].sha256',
      'spec.addons[2].url',
      'spec.addons[3].chart',
      'spec.addons[3].namespace',
      'spec.addons[3].values',
      'spec.addons[4].sha256',
      'spec.addons[5].files',
      'spec.addons[6].url',
      'spec.base.name',
      'spec.rollout.concurrency',
      'spec.rollout.maxFailures',
      'spec.version',
    ]);
    expect(JSON.stringify(problemsOf(raw))).not.toContain('me:pw');
  });

  it('cannot have the word for its newest version as the word for one', () => {
    expect(says(blueprint([], { version: 'latest' }))).toEqual([
      'spec.version: latest is how clusters name the newest version: give another word',
    ]);
  });

  it('cannot have the name of one that is built in', () => {
    expect(says(blueprint([], {}, { name: 'default' }))).toEqual([
      'metadata.name: default is built in and cannot be changed: name it as spec.base',
    ]);
  });
});

describe('a manifest', () => {
  const at = (text: string, rest: object = {}): string[] =>
    says(blueprint([manifest(text, rest)])).map((line) =>
      line.replace('spec.addons[0].manifest: ', ''),
    );

  it('needs objects that have a version, a kind and a name', () => {
    expect(at('---\n')).toEqual(['holds no object']);
    expect(at('just text')).toEqual([
      'document 1: is no object: a map with apiVersion, kind and metadata',
    ]);
    expect(at(`${configMap('a', 'b')}---\nmetadata: {generateName: x-}\n`)).toEqual([
      'document 2: has no apiVersion, kind, metadata.name (a generated one could not be found again)',
    ]);
    expect(at('a: [')).toHaveLength(1);
  });

  it('needs a namespace for what lives in one, of its own or the add-on’s', () => {
    expect(at(configMap('a'))).toEqual([
      'document 1: ConfigMap a has no namespace: give it one, or the add-on',
    ]);
    expect(at(configMap('a'), { namespace: 'web' })).toEqual([]);
    expect(at('apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n')).toEqual([]);
    expect(at('apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: n}\n')).toEqual([]);
  });

  it('holds no object twice, whichever version of its API it is written in', () => {
    const deployment = (version: string): string =>
      `apiVersion: ${version}\nkind: Deployment\nmetadata: {name: d, namespace: n}\n`;
    expect(at(`${deployment('apps/v1')}---\n${deployment('apps/v1beta1')}`)).toEqual([
      'holds Deployment n/d twice',
    ]);
    const two = [manifest(configMap('a'), { namespace: 'n' }), manifest(configMap('a', 'n'))];
    expect(says(blueprint([two[0], { ...two[1], name: 'other' }]))).toEqual([
      'spec.addons[1].manifest: holds ConfigMap n/a, as site does',
    ]);
  });

  it('keeps out of what is plinth’s own', () => {
    expect(at(configMap('blueprint-objects', 'plinth-system'))[0]).toContain("plinth's own");
  });

  it('may be a List', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {}}\n`;
    expect(at(list)).toEqual(['document 1, items[0]: has no metadata.name']);
  });
});

describe('a kustomization', () => {
  const at = (files: Record<string, string>): string[] =>
    says(blueprint([{ name: 'k', type: 'Kustomize', files }])).map((line) =>
      line.replace('spec.addons[0].', ''),
    );

  it('is one file at the top, beside all that it names', () => {
    expect(at({ 'a.yaml': '' })).toEqual(['files: has no kustomization.yaml at its top']);
    expect(
      at({
        'kustomization.yaml':
          'resources: [base, a.yaml]\npatches: [{path: p.yaml}]\nsecretGenerator: [{name: s, envs: [s.env], files: [k=f.txt]}]\n',
        'a.yaml': '',
        'p.yaml': '',
        's.env': '',
        'f.txt': '',
        'base/kustomization.yaml': 'resources: [../a.yaml]\n',
      }),
    ).toEqual([]);
  });

  it('names nothing that a machine would have to fetch, and nothing outside', () => {
    const found = at({
      'kustomization.yaml':
        'resources: ["https://example.com/x.yaml", "github.com/a/b?ref=v1", ../up, missing.yaml]\nhelmCharts: [{name: x}]\n',
    });
    expect(found).toHaveLength(5);
    expect(found.filter((line) => line.includes('machines fetch nothing'))).toHaveLength(2);
    expect(found.filter((line) => line.includes('is not among the files'))).toHaveLength(2);
    expect(found.find((line) => line.includes('helmCharts'))).toContain('type Helm');
  });

  it('has files below it only', () => {
    const top = { 'kustomization.yaml': 'resources: []\n' };
    expect(at({ ...top, '../x': '', '/etc/passwd': '', 'a b': '' })).toHaveLength(3);
  });
});
