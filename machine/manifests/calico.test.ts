import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

import type { ClusterSpec } from '../../core/cluster.js';
import {
  fixtureManifests,
  fixtureStepContext,
  type ContextChange,
} from '../../test/fixtures/stepContext.js';
import { calicoManifest, networkWorkloads } from './calico.js';

interface Rendered {
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  spec?: {
    updateStrategy?: { type?: string; rollingUpdate?: { maxUnavailable?: number | string } };
    template?: {
      spec?: {
        nodeSelector?: object;
        tolerations?: object[];
        containers: { name: string; env?: { name: string; value?: string }[] }[];
      };
    };
  };
}

const upstream = fixtureManifests['calico-vxlan'] ?? '';
const rendered = (change: ContextChange = {}): Rendered[] =>
  parseAllDocuments(calicoManifest(upstream, fixtureStepContext(change).spec)).map(
    (document) => document.toJS() as Rendered,
  );
const named = (objects: Rendered[], kind: string, name: string): Rendered => {
  const found = objects.find((each) => each.kind === kind && each.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
};
const pod = (object: Rendered) => object.spec!.template!.spec!;
const environment = (objects: Rendered[]): Record<string, string | undefined> => {
  const { containers } = pod(named(objects, 'DaemonSet', 'calico-node'));
  const env = containers.find(({ name }) => name === 'calico-node')?.env ?? [];
  expect(new Set(env.map(({ name }) => name)).size, 'each variable is there once').toBe(env.length);
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
};
const dualStack: ClusterSpec['config']['network'] = {
  cni: { name: 'Calico', version: '3.28.5' },
  podSubnet: '10.128.0.0/16',
  serviceSubnet: '10.96.0.0/16',
  ipv6: { podSubnet: 'fd00:10::/56', serviceSubnet: 'fd00:20::/112' },
};

describe("Calico's manifest for a cluster", () => {
  it('has the pod subnet as its pool, over VXLAN, at the address that the kubelet was told', () => {
    expect(
      environment(rendered({ config: { network: { ...dualStack, ipv6: undefined! } } })),
    ).toMatchObject({
      CALICO_IPV4POOL_CIDR: '10.128.0.0/16',
      CALICO_IPV4POOL_VXLAN: 'Always',
      CALICO_IPV4POOL_IPIP: 'Never',
      IP_AUTODETECTION_METHOD: 'kubernetes-internal-ip',
    });
  });

  it('gives pods an IPv6 address only in a dual-stack cluster', () => {
    const dual = rendered({ config: { network: dualStack } });
    expect(environment(dual)).toMatchObject({
      IP6: 'autodetect',
      CALICO_IPV6POOL_CIDR: 'fd00:10::/56',
      CALICO_IPV6POOL_VXLAN: 'Always',
      FELIX_IPV6SUPPORT: 'true',
    });
    const config = named(dual, 'ConfigMap', 'calico-config').data?.['cni_network_config'];
    expect(config).toContain('"assign_ipv6": "true"');
    const single = rendered();
    expect(environment(single)['CALICO_IPV6POOL_CIDR']).toBeUndefined();
    expect(named(single, 'ConfigMap', 'calico-config').data?.['cni_network_config']).not.toContain(
      'assign_ipv6',
    );
  });

  it('lets a pod start once traffic to it is let through, so that no service sends to it before', () => {
    const objects = rendered();
    const text = named(objects, 'ConfigMap', 'calico-config').data?.['cni_network_config'] ?? '';
    const { plugins } = JSON.parse(text.replace('__CNI_MTU__', '0')) as {
      plugins: Record<string, unknown>[];
    };
    expect(plugins.find(({ type }) => type === 'calico')).toMatchObject({
      policy_setup_timeout_seconds: 30,
    });
    expect(environment(objects)['FELIX_ENDPOINTSTATUSPATHPREFIX']).toBe('/var/run/calico');
  });

  it("asks the API server through the node's endpoint", () => {
    expect(named(rendered(), 'ConfigMap', 'kubernetes-services-endpoint').data).toEqual({
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: '7443',
    });
  });

  it('asks it through the load balancer where the spec names one', () => {
    const network = { ...dualStack, controlPlaneEndpoint: 'lb.example.net:443' };
    const config = named(
      rendered({ config: { network } }),
      'ConfigMap',
      'kubernetes-services-endpoint',
    );
    expect(config.data).toEqual({
      KUBERNETES_SERVICE_HOST: 'lb.example.net',
      KUBERNETES_SERVICE_PORT: '443',
    });
  });

  it('has its agents replaced as many at a time as workers are upgraded', () => {
    const strategy = (kubernetesUpgrade: ClusterSpec['config']['kubernetesUpgrade'] & object) =>
      named(rendered({ config: { kubernetesUpgrade } }), 'DaemonSet', 'calico-node').spec
        ?.updateStrategy;
    const upstreams = named(rendered(), 'DaemonSet', 'calico-node').spec?.updateStrategy;
    expect(upstreams).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } });
    expect(strategy({ strategy: 'sequential' })).toEqual(upstreams);
    expect(strategy({ strategy: 'concurrent' })).toEqual(upstreams);
    const concurrent = (workerConcurrency: string) =>
      strategy({ strategy: 'concurrent', params: { workerConcurrency } })?.rollingUpdate;
    expect(concurrent('3')).toEqual({ maxUnavailable: 3 });
    expect(concurrent('50%')).toEqual({ maxUnavailable: '50%' });
  });

  it('tells which of it is rolled out', () => {
    expect(networkWorkloads(upstream)).toEqual([
      'kube-system daemonset/calico-node',
      'kube-system deployment/calico-kube-controllers',
    ]);
  });

  it('gives kubectl every word as upstream has it: an Off that is a text is no boolean', () => {
    const log = 'kind: Log\nmetadata: {name: log}\nlevels: ["Off", "yes", Debug]\n';
    const text = calicoManifest(`${upstream}---\n${log}`, fixtureStepContext().spec);
    expect(text).toContain('- "Off"\n  - "yes"\n  - Debug\n');
  });

  it('keeps everything else of upstream, object by object', () => {
    const kinds = (text: string) =>
      parseAllDocuments(text)
        .map((document) => document.toJS() as Rendered | null)
        .flatMap((object) => (object === null ? [] : [`${object.kind} ${object.metadata.name}`]));
    expect(rendered().map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'ConfigMap kubernetes-services-endpoint',
      ...kinds(upstream),
    ]);
  });

  it('places its controllers by systemComponentsPlacement, and leaves its agent on every node', () => {
    const toleration = { key: 'pool', operator: 'Exists' } as const;
    const agents = { key: 'agents', operator: 'Exists' } as const;
    const placed = rendered({
      spec: {
        systemComponentsPlacement: {
          nodeSelector: { pool: 'system' },
          tolerations: [toleration],
          daemonSetOverride: { nodeSelectionEnabled: true, tolerations: [agents] },
        },
      },
    });
    const controllers = pod(named(placed, 'Deployment', 'calico-kube-controllers'));
    expect(controllers.nodeSelector).toMatchObject({ pool: 'system' });
    expect(controllers.tolerations).toContainEqual(toleration);
    const agent = pod(named(placed, 'DaemonSet', 'calico-node'));
    const unplaced = pod(named(rendered(), 'DaemonSet', 'calico-node'));
    expect(agent.nodeSelector).toEqual(unplaced.nodeSelector);
    expect(agent.tolerations).toContainEqual(agents);
    expect(agent.tolerations).not.toContainEqual(toleration);
  });

  it('is refused where upstream has no calico-node', () => {
    expect(() => calicoManifest('kind: ConfigMap', fixtureStepContext().spec)).toThrow(
      'calico-node',
    );
  });
});
