import { describe, expect, test } from 'vitest';

import { CALICO, KUBERNETES } from '../lab/versions.js';
import {
  calicoRow,
  calicoVersionsFor,
  compareMinors,
  kubernetesMinors,
  kubernetesRow,
  minorOf,
  operatingSystemProblem,
  operatingSystemRow,
  operatingSystemWords,
  parseVersion,
  supportLevel,
} from './matrix.js';
import { COMBINATION_ROWS, KUBERNETES_ROWS } from './matrixData.js';
import { OPERATING_SYSTEMS } from './operatingSystems.js';

const lab = {
  kubernetes: 'v1.34.4',
  calico: '3.28.5',
  operatingSystem: 'Debian12',
  arch: 'amd64',
} as const;

describe('versions', () => {
  test('a version is read with and without the v', () => {
    expect(parseVersion('v1.34.4')).toEqual({ major: 1, minor: 34, patch: 4 });
    expect(parseVersion('1.34.4')).toEqual(parseVersion('v1.34.4'));
  });

  test.each(['1.34', 'v1.34.4-rc.0', '1.34.04', 'latest', '', 'vv1.34.4', '1.34.4 '])(
    '%j is no version',
    (text) => {
      expect(parseVersion(text)).toBeUndefined();
    },
  );

  test('minors compare as numbers, not as text', () => {
    expect(compareMinors('1.9', '1.28')).toBeLessThan(0);
    expect(compareMinors('1.34', '1.34')).toBe(0);
    expect(minorOf('v1.28.9')).toBe('1.28');
  });
});

describe('kubernetes', () => {
  test('the minors go from 1.28 to 1.35 without a gap', () => {
    expect(kubernetesMinors()).toEqual(Array.from({ length: 8 }, (_, i) => `1.${28 + i}`));
  });

  test('every patch of a known minor is known', () => {
    expect(kubernetesRow('v1.30.14')?.minor).toBe('1.30');
  });

  test.each(['v1.27.16', 'v1.36.0', 'v2.0.0', 'nonsense'])('%s is not known', (version) => {
    expect(kubernetesRow(version)).toBeUndefined();
  });

  test('kubeadm speaks v1beta3 below 1.31 and v1beta4 from there on', () => {
    expect(
      KUBERNETES_ROWS.filter((row) => row.kubeadmApi === 'v1beta3').map((r) => r.minor),
    ).toEqual(['1.28', '1.29', '1.30']);
  });

  test('cgroup v1 must be asked for from 1.35 on', () => {
    expect(kubernetesRow('v1.34.4')?.cgroupV1).toBe('supported');
    expect(kubernetesRow('v1.35.4')?.cgroupV1).toBe('opt-in');
  });
});

describe('calico', () => {
  test.each([
    ['v1.28.9', '3.26.1'],
    ['v1.28.9', 'v3.26.1'],
    ['v1.30.1', '3.28.0'],
    ['v1.34.4', '3.28.5'],
    ['v1.35.4', 'v3.28.5'],
    ['v1.35.4', '3.31.3'],
  ])('Kubernetes %s goes with Calico %s', (kubernetes, calico) => {
    expect(calicoRow(kubernetes, calico)).toBeDefined();
  });

  test.each([
    ['v1.29.0', '3.26.1'],
    ['v1.31.0', '3.28.5'],
    ['v1.34.4', '3.28.4'],
    ['v1.34.4', '3.26.1'],
    ['v1.28.9', '3.31.3'],
    ['v1.28.9', '2.6.0'],
    ['v1.27.0', '3.26.1'],
    ['nonsense', '3.26.1'],
  ])('Kubernetes %s does not go with Calico %s', (kubernetes, calico) => {
    expect(calicoRow(kubernetes, calico)).toBeUndefined();
  });

  test('what is allowed is said as people read it', () => {
    expect(calicoVersionsFor('v1.34.4')).toEqual(['3.31.x', '3.32.x', '3.28.5']);
    expect(calicoVersionsFor('nonsense')).toEqual([]);
  });

  test('every minor of Kubernetes has a Calico', () => {
    for (const minor of kubernetesMinors()) {
      expect(calicoVersionsFor(`v${minor}.0`), minor).not.toHaveLength(0);
    }
  });
});

describe('operating systems', () => {
  test('each is found by its own word', () => {
    for (const [word, row] of Object.entries(OPERATING_SYSTEMS)) expect(row.word).toBe(word);
    expect(operatingSystemWords()).toContain('Ubuntu22.04');
    expect(operatingSystemRow('Debian12')?.family).toBe('debian');
    expect(operatingSystemRow('constructor')).toBeUndefined();
  });

  test('a kernel that is too old says so', () => {
    expect(operatingSystemProblem('RHEL8', 'v1.32.0')).toContain('4.19');
    expect(operatingSystemProblem('RHEL8', 'v1.31.9')).toBeUndefined();
  });
});

describe('support', () => {
  test("the lab's combination is tested", () => {
    expect(supportLevel(lab)).toBe('tested');
    expect(supportLevel({ ...lab, calico: 'v3.28.5' })).toBe('tested');
  });

  test('1.28.9 and 1.35.4 are tested: lab cases run them', () => {
    expect(supportLevel({ ...lab, kubernetes: 'v1.28.9' })).toBe('tested');
    expect(supportLevel({ ...lab, kubernetes: 'v1.35.4' })).toBe('tested');
  });

  test('another patch, arch or system than the tested one is documented', () => {
    expect(supportLevel({ ...lab, kubernetes: 'v1.34.5' })).toBe('documented');
    expect(supportLevel({ ...lab, arch: 'arm64' })).toBe('documented');
    expect(supportLevel({ ...lab, operatingSystem: 'Ubuntu24.04' })).toBe('documented');
  });

  test.each([
    ['v1.34.4', '3.31.3'],
    ['v1.35.4', '3.32.0'],
    ['v1.28.9', '3.26.1'],
    ['v1.28.9', '3.28.0'],
  ])('Kubernetes %s with another Calico (%s) than the tested one is documented', (...pair) => {
    const [kubernetes, calico] = pair;
    expect(supportLevel({ ...lab, kubernetes, calico })).toBe('documented');
  });

  test('what is tested is what the lab has', () => {
    const tested = COMBINATION_ROWS.filter(({ level }) => level === 'tested');
    expect(tested.map(({ calico }) => `v${calico}`)).toEqual(tested.map(() => CALICO.version));
    expect(tested.map(({ kubernetes }) => kubernetes).toSorted()).toEqual(
      Object.keys(KUBERNETES).toSorted(),
    );
  });

  test.each([
    { ...lab, kubernetes: 'v1.36.0' },
    { ...lab, calico: '3.26.1' },
    { ...lab, operatingSystem: 'Plan9' },
    { ...lab, operatingSystem: 'RHEL8' },
  ])('$kubernetes with Calico $calico on $operatingSystem is not allowed', (wanted) => {
    expect(supportLevel(wanted)).toBeUndefined();
  });

  test('the combinations agree with the rows they are made of', () => {
    for (const row of COMBINATION_ROWS) {
      expect(supportLevel(row), row.kubernetes).toBe(row.level);
      const some = COMBINATION_ROWS.some(
        ({ kubernetes, level }) => kubernetes === row.kubernetes && level === 'tested',
      );
      expect(kubernetesRow(row.kubernetes)?.testedPatches.includes(row.kubernetes)).toBe(some);
    }
  });
});
