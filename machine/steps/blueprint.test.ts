import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { fixtureStepContext } from '../../test/fixtures/stepContext.js';
import { scriptMachine, type ScriptMachine } from '../../test/fixtures/stepScript.js';
import {
  blueprintDriftStep,
  blueprintHealthStep,
  blueprintSyncStep,
  namespaceSyncStep,
} from './blueprint.js';
import type { RenderedAddon, StepContext, StepModule } from './types.js';

/*
 * The scripts of a blueprint's steps with a kubectl that keeps what it is given in files: objects are a few lines each,
 * `metadata` on one line.
 */
const KUBECTL = `
args=()
while (($#)); do
  case $1 in
    --kubeconfig) shift ;;
    --request-timeout=*) ;;
    *) args+=("$1") ;;
  esac
  shift
done
set -- "\${args[@]}"
file_of() { while [[ $1 != -f ]]; do shift; done; printf '%s' "$2"; }
case "$*" in
  kustomize*) cat "$2/manifest.yaml" ;;
  config*) ;;
  *'get configmap blueprint-objects'*) cat "$D/objects" 2>/dev/null || true ;;
  *--dry-run=server*)
    [[ ! -e $D/refused ]] || { cat "$D/refused" >&2; exit 1; }
    sed -n 's/^# //p' "$(file_of "$@")" ;;
  apply*'-f -')
    text=$(cat)
    if grep -q 'name: blueprint-objects' <<<"$text"; then
      sed -n 's/^    //p' <<<"$text" >"$D/objects"
    else
      printf 'built-in\\n' >>"$D/applied"
    fi ;;
  apply*) sed -n 's/^# //p' "$(file_of "$@")" >>"$D/applied"; cp "$D/objects" "$D/objects-then" ;;
  'get namespace '*jsonpath*) ;;
  'get namespace '*) [[ ! -e $D/namespace-$3 ]] || echo "namespace/$3" ;;
  'create namespace '*) touch "$D/namespace-$3"; cp "$D/objects" "$D/objects-then" ;;
  api-resources*) echo configmaps ;;
  *'get configmaps '*) cat "$D/others" 2>/dev/null || true ;;
  'get crd '*) echo "crd/$3" ;;
  'get things.x.io '*) cat "$D/things" 2>/dev/null || true ;;
  *delete*) echo "$*" >>"$D/deleted" ;;
  wait*) echo "$*" >>"$D/waited" ;;
  *'rollout status'*) [[ "$*" != *broken* ]] ;;
  *'get job'*) cat "$D/job" ;;
  diff*)
    sed -n 's/^# //p' "$(file_of "$@")" | while read -r api kind ns name; do
      [[ ! -e $D/drifted-$name ]] ||
        echo "Files /tmp/LIVE-1/\${api/\\//.}.$kind.\${ns/#-/}.$name and /tmp/MERGED-2/x differ"
    done
    ! ls "$D"/drifted-* >/dev/null 2>&1 ;;
esac`;

// Each run is a hundred small processes.
vi.setConfig({ testTimeout: 120_000 });

let machine: ScriptMachine;
beforeEach(async () => {
  machine = await scriptMachine();
  await machine.program('kubectl', KUBECTL);
  await machine.program('unshare', 'shift 2; exec "$@"');
  await machine.put('etc/kubernetes/admin.conf', '');
});
afterEach(() => machine.remove());

/** `# apiVersion Kind namespace name` is what the API server makes of an object. */
const object = (apiVersion: string, kind: string, namespace: string, name: string): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\n# ${apiVersion} ${kind} ${namespace} ${name}\n`;
const deployment = object('apps/v1', 'Deployment', 'web', 'site');
const definition = object(
  ...(['apiextensions.k8s.io/v1', 'CustomResourceDefinition', '-', 'things.x.io'] as const),
);
const thing = object('x.io/v1', 'Thing', 'web', 'one');

function addon(name: string, objects: string[], namespace?: string): RenderedAddon {
  const bytes = Buffer.from(objects.join('---\n'));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const files = [{ path: 'manifest.yaml', bytes, sha256 }];
  const rest = namespace === undefined ? {} : { namespace };
  return { name, type: 'Manifest', files, secrets: [], ...rest };
}

function context(addons: readonly RenderedAddon[]): StepContext {
  const base = fixtureStepContext({ spec: { blueprint: { name: 'web' } } });
  const of = { name: 'web', version: 'v1', base: 'minimal', driftPolicy: 'Correct' } as const;
  return { ...base, manifests: {}, blueprint: { ...of, addons } };
}

async function run(module: StepModule, addons: readonly RenderedAddon[]) {
  for (const { sha256, bytes } of addons.flatMap(({ files }) => files)) {
    await machine.put(`state/artifacts/${sha256}`, bytes.toString());
  }
  return machine.run(module, context(addons), ['/etc/kubernetes']);
}

const lines = async (file: string): Promise<string[]> =>
  ((await machine.said(file)) ?? '').split('\n').filter((line) => line !== '');
const IDENTITY = 'configmap plinth-system cluster-identity';

describe('applying a blueprint', () => {
  it('has definitions before what they define, and remembers all of it before it is there', async () => {
    const { outcome, output } = await run(blueprintSyncStep, [
      addon('a', [thing, deployment, definition]),
    ]);
    expect(outcome, output).toBe('done');
    expect(await lines('applied')).toEqual([
      'apiextensions.k8s.io/v1 CustomResourceDefinition - things.x.io',
      'built-in',
      'x.io/v1 Thing web one',
      'apps/v1 Deployment web site',
    ]);
    expect(await machine.said('waited')).toContain('Established crd/things.x.io');
    const all = [
      ...[IDENTITY, 'customresourcedefinition.apiextensions.k8s.io - things.x.io'],
      ...['deployment.apps web site', 'thing.x.io web one'],
    ];
    expect(await lines('objects')).toEqual(all);
    expect(await lines('objects-then')).toEqual(all);
  });

  it('prunes what an earlier one held', async () => {
    await machine.put('objects', `${IDENTITY}\ndeployment.apps web gone\nthing.x.io - all\n`);
    const { outcome, output } = await run(blueprintSyncStep, [addon('a', [deployment])]);
    expect(outcome, output).toBe('done');
    expect(await lines('deleted')).toEqual([
      '-n web delete deployment.apps gone --ignore-not-found --wait=false',
      'delete thing.x.io all --ignore-not-found --wait=false',
    ]);
    expect(await lines('objects')).toEqual([IDENTITY, 'deployment.apps web site']);
  });

  it('changes nothing while the API server does not accept all of it', async () => {
    await machine.put('refused', 'Deployment.apps "site" is invalid');
    await machine.put('objects', `${IDENTITY}\ndeployment.apps web gone\n`);
    const { outcome, output, hint } = await run(blueprintSyncStep, [addon('a', [deployment])]);
    expect(outcome).toBe('failed');
    expect(output).toContain('is invalid');
    expect(hint).toContain('add-on a');
    expect(await lines('applied')).toEqual([]);
    expect(await lines('deleted')).toEqual([]);
  });

  it('refuses two parts that hold the same object', async () => {
    const { outcome, output } = await run(blueprintSyncStep, [
      addon('a', [deployment]),
      addon('b', [deployment]),
    ]);
    expect(outcome).toBe('failed');
    expect(output).toContain('add-on b holds what another part of the blueprint holds as well');
    expect(await lines('applied')).toEqual([]);
  });

  it('leaves definitions that people have objects of, and says so', async () => {
    const row = 'customresourcedefinition.apiextensions.k8s.io - things.x.io';
    await machine.put('objects', `${row}\n`);
    await machine.put('things', 'thing.x.io/mine\n');
    const { output } = await run(blueprintSyncStep, []);
    expect(output).toContain('stays: there are objects of it');
    expect(await lines('deleted')).toEqual([]);
    expect(await lines('objects')).toContain(row);
  });

  it('leaves nothing of its contents on the disk', async () => {
    const one = addon('a', [deployment]);
    await run(blueprintSyncStep, [one]);
    expect(existsSync(join(machine.dir, 'state/artifacts', one.files[0]!.sha256))).toBe(false);
  });

  it('fails in words where a content has not arrived', async () => {
    const one = addon('a', [deployment]);
    const { outcome, failCode, output } = await machine.run(blueprintSyncStep, context([one]), [
      '/etc/kubernetes',
    ]);
    expect([outcome, failCode]).toEqual(['failed', 'ArtifactMissing']);
    expect(output).toContain('manifest.yaml of add-on a did not arrive');
  });
});

describe("a blueprint's namespaces", () => {
  it('are made before anything else, and remembered before they are', async () => {
    const { outcome, output } = await run(namespaceSyncStep, [addon('a', [deployment], 'web')]);
    expect(outcome, output).toBe('done');
    expect(existsSync(join(machine.dir, 'namespace-web'))).toBe(true);
    expect(await lines('objects-then')).toContain('namespace - web');
    await run(blueprintSyncStep, [addon('a', [deployment], 'web')]);
    expect(await lines('objects')).toContain('namespace - web');
  });

  it('that were there before are not its own', async () => {
    await machine.put('namespace-web', '');
    await run(namespaceSyncStep, [addon('a', [deployment], 'web')]);
    await run(blueprintSyncStep, [addon('a', [deployment], 'web')]);
    expect((await lines('objects')).filter((row) => row.startsWith('namespace'))).toEqual([]);
  });

  it('go with it when nothing else is in them', async () => {
    await machine.put('namespace-web', '');
    await machine.put('objects', 'namespace - web\n');
    await run(blueprintSyncStep, []);
    expect(await lines('deleted')).toEqual([
      'delete namespace web --ignore-not-found --wait=false',
    ]);
    expect(await lines('objects')).toEqual([IDENTITY]);
  });
});

describe('the health of a blueprint', () => {
  it('is all of its workloads, and those that are not healthy are named', async () => {
    await machine.put(
      'objects',
      'daemonset.apps web broken-too\ndeployment.apps web broken\njob.batch web migrate\nconfigmap web x\n',
    );
    await machine.put('job', 'SuccessCriteriaMet Complete ');
    const healthy = await run(blueprintHealthStep, []);
    expect(healthy.outcome).toBe('failed');
    expect(healthy.output).toContain(
      'not healthy after 600 s: daemonset.apps/broken-too in web, deployment.apps/broken in web',
    );
    await machine.put('objects', 'job.batch web migrate\ndeployment.apps web site\n');
    expect((await run(blueprintHealthStep, [])).outcome).toBe('done');
    await machine.put('job', 'FailureTarget Failed ');
    expect((await run(blueprintHealthStep, [])).output).toContain('job.batch/migrate in web');
  });
});

describe('comparing what is live', () => {
  it('names what differs, and nothing where nothing does', async () => {
    const { outcome, output } = await run(blueprintDriftStep, [addon('a', [deployment])]);
    expect(outcome, output).toBe('done');
    expect(await machine.said('run/results/drift')).toBe('');
    await machine.put('drifted-site', '');
    await run(blueprintDriftStep, [addon('a', [deployment, thing])]);
    expect(await machine.said('run/results/drift')).toBe('deployment web/site');
  });
});
