import { describe, expect, it } from 'vitest';

import { addonSecrets } from './addonSecrets.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('what of an add-on nobody may read', () => {
  it('is the data of Secrets, in any form', () => {
    const manifest = `apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {shown: to-everybody}
---
apiVersion: v1
kind: List
items:
- kind: Secret
  data: {a: ${base64('hidden-one')}}
  stringData: {b: hidden-two, c: "first line\\nsecond line"}
`;
    const found = addonSecrets('Manifest', { manifest });
    expect(found).toEqual(
      expect.arrayContaining([
        ...['hidden-one', base64('hidden-one'), 'hidden-two', 'first line', 'second line'],
      ]),
    );
    expect(found).not.toContain('to-everybody');
  });

  it('is what kustomizations make Secrets of', () => {
    const files = {
      'kustomization.yaml':
        'secretGenerator:\n- name: s\n  literals: [user=admin-user, "pw=literal-one"]\n  files: [k=sub/file.txt]\n  envs: [sub/s.env]\n',
      'sub/file.txt': 'from-the-file',
      'sub/s.env': 'TOKEN="from-the-env"\n# comment\n',
      'other.yaml': `kind: Secret\nstringData: {x: from-a-resource}\n`,
    };
    expect(addonSecrets('Kustomize', { files })).toEqual(
      expect.arrayContaining([
        ...['admin-user', 'literal-one', 'from-the-file', 'from-the-env', 'from-a-resource'],
      ]),
    );
  });

  it('is what values have under a name that sounds like one', () => {
    const values =
      'replicas: 2\nimage: nginx-image\nauth:\n  rootPassword: root-pw-1\n  list: [in-a-list]\n';
    const found = addonSecrets('Helm', { chart: '', values });
    expect(found).toEqual(['root-pw-1', 'in-a-list']);
  });

  it('is nothing that is too short, and nothing of what is no YAML', () => {
    expect(addonSecrets('Manifest', { manifest: 'kind: Secret\nstringData: {a: abc}\n' })).toEqual(
      [],
    );
    expect(addonSecrets('Manifest', { manifest: 'a: [' })).toEqual([]);
  });
});
