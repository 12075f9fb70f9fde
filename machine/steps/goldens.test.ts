import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import type { StepName } from '../../core/steps.js';
import { goldenCases, type GoldenCase } from '../../test/fixtures/goldenCases.js';
import {
  fixtureCertificateKey,
  fixtureJoin,
  fixtureStepContext,
} from '../../test/fixtures/stepContext.js';
import type { OsFamily } from '../families.js';
import { scriptText, stepModule, stepModules } from './registry.js';
import type { StepContext, StepModule } from './types.js';

/*
 * What machines are given, as files that a diff shows: every script, and every parameter of every step for each
 * kind of system and source. `npx vitest run machine/steps/goldens.test.ts -u` takes a change over.
 */
const GOLDENS = fileURLToPath(new URL('../../test/goldens', import.meta.url));
const FAMILIES: readonly OsFamily[] = ['debian', 'rhel'];

async function expectGolden(text: string, path: string): Promise<void> {
  await expect(text).toMatchFileSnapshot(join(GOLDENS, path));
}

/** Without the difference of families, one text is every machine's. */
const familiesOf = ({ script }: StepModule): readonly (OsFamily | 'any')[] =>
  script.some((file) => file.includes('{family}')) ? FAMILIES : ['any'];

const scripts = stepModules.flatMap((module) =>
  familiesOf(module).map((family) => ({
    path: `scripts/${family}/${module.name}.sh`,
    text: scriptText(module, family === 'any' ? 'debian' : family),
  })),
);

const parameters = goldenCases.flatMap((each) =>
  views(each).flatMap(({ file, step, context }) => {
    const params = Object.entries(stepModule(step).params(context));
    return params.length === 0 ? [] : [{ path: `${each.name}/${file}.txt`, text: shown(params) }];
  }),
);

describe('what a machine is given', () => {
  it.each([...scripts, ...parameters])('is the golden $path', async ({ text, path }) => {
    await expectGolden(text, path);
  });
});

describe('the goldens', () => {
  it('show every step in every case that has it', () => {
    const shown = new Set(goldenCases.flatMap(views).map(({ step }) => step));
    expect(stepModules.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
  });

  it('are none of a step or a case that is gone', () => {
    const wanted = new Set([...scripts, ...parameters].map(({ path }) => path));
    const files = readdirSync(GOLDENS, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'README.md')
      .map((entry) => relative(GOLDENS, join(entry.parentPath, entry.name)));
    expect(files.filter((file) => !wanted.has(file))).toEqual([]);
  });
});

interface View {
  file: string;
  step: StepName;
  context: StepContext;
}

/** Each step as the node that it runs on sees it; what differs by role stands beside it. */
function views({ change, leader, worker, controlPlane }: GoldenCase): View[] {
  const of = (node: string, subject?: string, join?: StepContext['join']): StepContext =>
    fixtureStepContext({
      ...change,
      node,
      ...(subject === undefined ? {} : { subject }),
      ...(join === undefined ? {} : { join }),
    });
  const withKey = { ...fixtureJoin, certificateKey: fixtureCertificateKey };
  const subjects: readonly StepName[] = [
    ...(['drain', 'etcd-member-remove', 'node-delete'] as const),
    ...(['upgrade-drain', 'uncordon'] as const),
  ];
  const joins: readonly StepName[] = ['kubeadm-join', 'join-credentials', 'join-token'];
  const plain = stepModules
    .map(({ name }) => name)
    .filter((name) => !subjects.includes(name) && !joins.includes(name))
    .filter((name) => name !== 'kubeadm-join-control-plane' && name !== 'etcd-member-check');
  const ofWorker: readonly StepName[] = ['binaries', 'images', 'kubeadm-upgrade'];
  return [
    ...plain.map((step): View => ({
      file: step,
      step,
      context: step === 'kubeadm-init' ? initialising(of(leader), worker) : of(leader),
    })),
    ...ofWorker.map((step): View => ({ file: `${step}.worker`, step, context: of(worker) })),
    ...subjects.map((step): View => ({ file: step, step, context: of(leader, worker) })),
    {
      file: 'etcd-member-check',
      step: 'etcd-member-check',
      context: leaving(of(leader), controlPlane ?? worker),
    },
    { file: 'kubeadm-join', step: 'kubeadm-join', context: of(worker, undefined, fixtureJoin) },
    ...joins
      .filter((step) => step !== 'kubeadm-join')
      .map((step): View => ({ file: step, step, context: of(leader, worker, fixtureJoin) })),
    ...(controlPlane === undefined
      ? []
      : [
          {
            file: 'kubeadm-join-control-plane',
            step: 'kubeadm-join-control-plane' as const,
            context: of(controlPlane, undefined, withKey),
          },
          {
            file: 'join-credentials.control-plane',
            step: 'join-credentials' as const,
            context: of(leader, controlPlane, withKey),
          },
        ]),
  ];
}

function initialising(context: StepContext, hostname: string): StepContext {
  return { ...context, firstTokens: [{ hostname, token: fixtureJoin.token }] };
}

function leaving(context: StepContext, hostname: string): StepContext {
  return {
    ...context,
    leaving: context.spec.config.nodes.filter((node) => node.hostname === hostname),
  };
}

/** A block for each parameter, as a person reads it. */
function shown(params: readonly (readonly [string, string])[]): string {
  return params
    .map(([name, value]) => `--- ${name}\n${value}${value.endsWith('\n') ? '' : '\n'}`)
    .join('');
}
