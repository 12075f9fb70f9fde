import type { Problem } from '../../errors.js';
import {
  calicoRow,
  calicoVersionsFor,
  kubernetesMinors,
  kubernetesRow,
  operatingSystemProblem,
  operatingSystemRow,
  operatingSystemWords,
  parseVersion,
} from '../../matrix.js';
import { platformRow, platformVersions } from '../../platform.js';
import { didYouMean } from '../closest.js';
import { at, problemAt, text, type Cursor } from '../cursor.js';
import { nodesOf } from '../nodeView.js';
import { isUnsupportedCni } from '../unsupported.js';
import type { Rule } from './rule.js';

/** Kubernetes, Calico, operating systems and architectures are together in the version matrix. */
export const versionsRule: Rule = (root) => {
  const config = at(root, 'spec', 'config');
  const version = at(config, 'kubernetesVersion');
  const kubernetes = text(version) ?? '';
  return [
    ...kubernetesProblems(version),
    ...platformProblems(at(config, 'platformVersion')),
    ...cniProblems(at(config, 'network', 'cni'), kubernetes),
    ...nodesOf(root).flatMap(({ cursor }) => systemProblems(cursor, kubernetes)),
  ];
};

function kubernetesProblems(cursor: Cursor): Problem[] {
  const version = text(cursor);
  if (version === undefined || !parseVersion(version) || kubernetesRow(version)) return [];
  const minors = kubernetesMinors();
  return [
    problemAt(
      cursor,
      `Kubernetes ${version} is not supported: any patch of ${minors[0] ?? ''} to ${minors.at(-1) ?? ''} is`,
    ),
  ];
}

function platformProblems(cursor: Cursor): Problem[] {
  const version = text(cursor);
  if (version === undefined || platformRow(version)) return [];
  const known = platformVersions();
  return [
    problemAt(
      cursor,
      `platform version ${JSON.stringify(version)} is not known: use ${known.join(' or ')}, or leave it out for ${known.at(-1) ?? ''}`,
    ),
  ];
}

function cniProblems(cni: Cursor, kubernetes: string): Problem[] {
  const name = text(at(cni, 'name'));
  if (name === undefined || isUnsupportedCni(name)) return [];
  if (name !== 'Calico') {
    return [
      problemAt(
        at(cni, 'name'),
        `${JSON.stringify(name)} is not supported: use "Calico"${didYouMean(name, ['Calico'])}`,
      ),
    ];
  }
  const version = text(at(cni, 'version'));
  if (version === undefined || !parseVersion(version) || !kubernetesRow(kubernetes)) return [];
  if (calicoRow(kubernetes, version)) return [];
  return [
    problemAt(
      at(cni, 'version'),
      `Calico ${version} does not go with Kubernetes ${kubernetes}: use ${calicoVersionsFor(kubernetes).join(' or ')}`,
    ),
  ];
}

function systemProblems(node: Cursor, kubernetes: string): Problem[] {
  const cursor = at(node, 'operatingSystem');
  const word = text(cursor);
  if (word === undefined) return [];
  const row = operatingSystemRow(word);
  if (row === undefined) {
    const words = operatingSystemWords();
    return [
      problemAt(
        cursor,
        `${JSON.stringify(word)} is not supported: use one of ${words.join(', ')}${didYouMean(word, words)}`,
      ),
    ];
  }
  const tooNew = operatingSystemProblem(word, kubernetes);
  const arch = text(at(node, 'arch'));
  const archProblem =
    (arch === 'amd64' || arch === 'arm64') && !row.arch.includes(arch)
      ? [problemAt(at(node, 'arch'), `${word} is supported on ${row.arch.join(' and ')} only`)]
      : [];
  return [...(tooNew === undefined ? [] : [problemAt(cursor, tooNew)]), ...archProblem];
}
