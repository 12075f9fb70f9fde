import {
  CALICO_ROWS,
  COMBINATION_ROWS,
  KUBERNETES_ROWS,
  type CalicoRow,
  type KubernetesRow,
  type SupportLevel,
} from './matrixData.js';
import { OPERATING_SYSTEMS, type OperatingSystemRow } from './operatingSystems.js';

export type { SupportLevel } from './matrixData.js';

export interface Version {
  major: number;
  minor: number;
  patch: number;
}

const VERSION = /^v?(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})$/;

/** Reads `v1.34.4` or `1.34.4`; undefined for anything else, pre-releases included. */
export function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch] = VERSION.exec(text) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  return { major: Number(major), minor: Number(minor), patch: Number(patch) };
}

/** `1.34` of `v1.34.4`; undefined when it is no version. */
export function minorOf(text: string): string | undefined {
  const version = parseVersion(text);
  return version && `${version.major}.${version.minor}`;
}

/** The minors plinth provisions, oldest first: `1.28` … */
export function kubernetesMinors(): readonly string[] {
  return KUBERNETES_ROWS.map((row) => row.minor);
}

/**
 * What a Kubernetes version asks of its surroundings; undefined when the matrix does not know its minor.
 * Every patch of a known minor is known: whether the chosen source of artifacts has it is for that source to say.
 */
export function kubernetesRow(version: string): KubernetesRow | undefined {
  const minor = minorOf(version);
  return KUBERNETES_ROWS.find((row) => row.minor === minor);
}

/** The row that allows this Calico (`3.26.1` or `v3.26.1`) with this Kubernetes; undefined: not allowed. */
export function calicoRow(kubernetesVersion: string, calicoVersion: string): CalicoRow | undefined {
  const kubernetes = minorOf(kubernetesVersion);
  const minor = minorOf(calicoVersion);
  if (kubernetes === undefined || minor === undefined) return undefined;
  const exact = bare(calicoVersion);
  return CALICO_ROWS.find(
    (row) => (row.version === exact || row.version === minor) && within(kubernetes, row.kubernetes),
  );
}

/** Calico versions for a Kubernetes version, as people read them: `3.28.5`, or `3.31.x` for any patch. */
export function calicoVersionsFor(kubernetesVersion: string): readonly string[] {
  const kubernetes = minorOf(kubernetesVersion);
  if (kubernetes === undefined) return [];
  return CALICO_ROWS.filter((row) => within(kubernetes, row.kubernetes)).map(({ version }) =>
    version.split('.').length === 3 ? version : `${version}.x`,
  );
}

/** The words `operatingSystem` may have. */
export function operatingSystemWords(): readonly string[] {
  return Object.keys(OPERATING_SYSTEMS);
}

export function operatingSystemRow(word: string): OperatingSystemRow | undefined {
  return Object.values<OperatingSystemRow>(OPERATING_SYSTEMS).find((row) => row.word === word);
}

/** Why this system does not go with this Kubernetes, in words; undefined when it does. */
export function operatingSystemProblem(
  word: string,
  kubernetesVersion: string,
): string | undefined {
  const last = operatingSystemRow(word)?.lastKubernetes;
  const minor = minorOf(kubernetesVersion);
  if (last === undefined || minor === undefined || compareMinors(minor, last.minor) <= 0) {
    return undefined;
  }
  return `${word} goes up to Kubernetes ${last.minor}: ${last.because}`;
}

export interface Combination {
  kubernetes: string;
  calico: string;
  operatingSystem: string;
  arch: 'amd64' | 'arm64';
}

/** How well a combination is known; undefined: the matrix does not allow it. */
export function supportLevel(wanted: Combination): SupportLevel | undefined {
  const system = operatingSystemRow(wanted.operatingSystem);
  if (
    kubernetesRow(wanted.kubernetes) === undefined ||
    calicoRow(wanted.kubernetes, wanted.calico) === undefined ||
    !system?.arch.includes(wanted.arch) ||
    operatingSystemProblem(wanted.operatingSystem, wanted.kubernetes) !== undefined
  ) {
    return undefined;
  }
  const row = COMBINATION_ROWS.find(
    (each) =>
      bare(each.kubernetes) === bare(wanted.kubernetes) &&
      each.calico === bare(wanted.calico) &&
      each.operatingSystem === wanted.operatingSystem &&
      each.arch === wanted.arch,
  );
  return row?.level ?? 'documented';
}

/** Below zero when minor `a` (`1.9`) is older than `b` (`1.10`). */
export function compareMinors(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

function within(minor: string, range: { from: string; to: string }): boolean {
  return compareMinors(minor, range.from) >= 0 && compareMinors(minor, range.to) <= 0;
}

function bare(version: string): string {
  return version.startsWith('v') ? version.slice(1) : version;
}
