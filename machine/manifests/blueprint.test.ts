import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { fixtureStepContext, type ContextChange } from '../../test/fixtures/stepContext.js';
import { blueprintManifests } from './blueprint.js';

interface Rendered {
  kind: string;
  metadata: { name: string; namespace?: string };
  data?: Record<string, string>;
  spec?: {
    template?: {
      spec?: { nodeSelector?: object; tolerations?: object[]; containers: { args: string[] }[] };
    };
  };
}

const objects = (text: string): Rendered[] =>
  parseAllDocuments(text).map((document) => document.toJS() as Rendered);
const blueprint = (change: ContextChange = {}) => blueprintManifests(fixtureStepContext(change));
const metricsServer = (change: ContextChange = {}) =>
  objects(blueprint(change).text).find(({ kind }) => kind === 'Deployment')!.spec!.template!.spec!;

/** As a step of the blueprint `minimal` sees it: it has asked for no manifest. */
function minimal() {
  const context = fixtureStepContext({ spec: { blueprint: { name: 'minimal' } } });
  return blueprintManifests({ ...context, manifests: {} });
}

describe('a blueprint', () => {
  it('names everything it holds, so that what is not among them can be pruned', () => {
    const { text, objects: keys } = blueprint();
    expect(keys).toHaveLength(objects(text).length);
    expect(keys).toContain('configmap plinth-system cluster-identity');
    expect(keys).toContain('deployment.apps kube-system metrics-server');
    expect(keys).toContain('apiservice.apiregistration.k8s.io - v1beta1.metrics.k8s.io');
  });

  it('says what is waited for', () => {
    const { workloads, apiServices } = blueprint();
    expect(workloads).toEqual(['kube-system deployment/metrics-server']);
    expect(apiServices).toEqual(['v1beta1.metrics.k8s.io']);
  });

  it('has its namespace apart from the rest, which may need it', () => {
    const { namespaces, text } = blueprint();
    expect(objects(namespaces).map(({ metadata }) => metadata.name)).toEqual(['plinth-system']);
    expect(objects(text).some(({ kind }) => kind === 'Namespace')).toBe(false);
  });

  it("lets metrics-server take kubelets' own certificates, once", () => {
    const { args } = metricsServer().containers[0]!;
    expect(args.filter((arg) => arg === '--kubelet-insecure-tls')).toHaveLength(1);
  });

  it('called minimal is the identity of the cluster alone', () => {
    const { text, workloads } = minimal();
    expect(objects(text).map(({ metadata }) => metadata.name)).toEqual(['cluster-identity']);
    expect(workloads).toEqual([]);
  });

  it('runs where systemComponentsPlacement says', () => {
    const toleration = { key: 'pool', operator: 'Exists' } as const;
    const pod = metricsServer({
      spec: {
        systemComponentsPlacement: { nodeSelector: { pool: 'system' }, tolerations: [toleration] },
      },
    });
    expect(pod.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux', pool: 'system' });
    expect(pod.tolerations).toContainEqual(toleration);
  });
});
