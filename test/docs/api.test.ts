import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { HttpErrorCode } from '../../api/http/httpError.js';
import { MAX_ASKED } from '../../core/askedOperations.js';
import { ClusterState } from '../../core/clusterState.js';
import { SNAPSHOT_ANNOTATIONS, SNAPSHOT_LIMITS } from '../../core/snapshotPolicy.js';
import { IMMUTABLE_PATHS } from '../../core/spec/immutableProblems.js';
import {
  MAX_ADDON_FILES,
  MAX_ADDONS,
  MAX_ANNOTATIONS_BYTES,
  MAX_BLUEPRINT_BYTES,
  MAX_BODY_BYTES,
  MAX_CONTROL_PLANES,
  MAX_FETCHED_BYTES,
  MAX_NAMESERVERS,
  MAX_NODES,
  MAX_OVERRIDES_LENGTH,
  MAX_URL_LENGTH,
} from '../../core/spec/limits.js';
import { NodeStatus } from '../../core/words.js';
import { codeOf, sectionOf, tableRows } from './tables.js';

const page = readFileSync('docs/api.md', 'utf8');
const count = (value: number): string => value.toLocaleString('en');
const mebibytes = (bytes: number): string => `${String(bytes / 2 ** 20)} MiB`;

test('docs/api.md has every limit as it is', () => {
  expect(Object.fromEntries(tableRows(sectionOf(page, 'Limits')))).toMatchObject({
    "a request's body": mebibytes(MAX_BODY_BYTES),
    'nodes of a cluster': count(MAX_NODES),
    'control planes': count(MAX_CONTROL_PLANES),
    nameservers: count(MAX_NAMESERVERS),
    'annotations of one object': `${String(MAX_ANNOTATIONS_BYTES / 1024)} KiB`,
    'a text of kubelet settings': `${count(MAX_OVERRIDES_LENGTH)} characters`,
    'operations asked for and not yet done, of one cluster': count(MAX_ASKED),
    'add-ons of a blueprint': count(MAX_ADDONS),
    'files of a Kustomize add-on': count(MAX_ADDON_FILES),
    "what an add-on's URL gives": mebibytes(MAX_FETCHED_BYTES),
    "contents of a blueprint's version": mebibytes(MAX_BLUEPRINT_BYTES),
    'a URL': `${count(MAX_URL_LENGTH)} characters`,
  });
});

test('docs/backup.md has the limits of the annotations of snapshots', () => {
  const told = tableRows(sectionOf(readFileSync('docs/backup.md', 'utf8'), 'Keeping'));
  const known = Object.entries(SNAPSHOT_ANNOTATIONS).map(([name, annotation]) => [
    `\`${annotation}\``,
    SNAPSHOT_LIMITS[name as keyof typeof SNAPSHOT_ANNOTATIONS].join('–'),
  ]);
  expect(told.map(([annotation, , limits]) => [annotation, limits])).toEqual(known);
});

test('docs/api.md has every state of a cluster and of a node', () => {
  const words = tableRows(sectionOf(page, 'States')).flatMap(([cell = '']) => codeOf(cell));
  const known = [...Object.values(ClusterState), ...Object.values(NodeStatus)];
  expect(words.toSorted()).toEqual(known.toSorted());
});

test('docs/api.md has every code that is of HTTP alone, by its status', () => {
  const words = tableRows(sectionOf(page, 'Bodies and answers')).map(([, cell = '']) => cell);
  const told = words.flatMap((cell) => cell.split(', '));
  expect(told).toEqual(expect.arrayContaining(Object.values(HttpErrorCode)));
});

test('docs/api.md names every field that cannot change', () => {
  const items = sectionOf(page, 'Changing nodes').split(/^- /m);
  const sentence = items.find((item) => item.startsWith('**What cannot change**')) ?? '';
  const [ofNode = '', ofCluster = ''] = sentence.split('Of a cluster');
  expect(codeOf(ofNode).toSorted()).toEqual(IMMUTABLE_PATHS.node.toSorted());
  const told = codeOf(ofCluster.split(' (but')[0] ?? '').map((field) =>
    field.startsWith('spec.') ? field.slice('spec.'.length) : `config.${field}`,
  );
  const known = IMMUTABLE_PATHS.cluster.map((path) => path.replace(/ipv6\..*/, 'ipv6'));
  expect(told.toSorted()).toEqual([...new Set(known)].toSorted());
});
