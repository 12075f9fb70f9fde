import { stringify } from 'yaml';

import { expect } from 'vitest';

import type { Kubectl } from './kubectl.js';

/** The lab's own image, in every bundle that the lab builds. */
const IMAGE = 'docker.io/plinth-lab/web:1';
const LABELS = { app: 'web' };

const daemonSet = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        containers: [{ name: 'web', image: IMAGE, imagePullPolicy: 'Never' }],
        terminationGracePeriodSeconds: 1,
        tolerations: [{ operator: 'Exists' }],
      },
    },
  },
};

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: LABELS, ports: [{ port: 80, targetPort: 8080 }] },
};

interface PodList {
  items: { metadata: { name: string }; status: { podIP: string } }[];
}

/** A pod on each of `nodes` nodes: each reaches every other by its address, and the service by its name. */
export async function expectPodsTalk(kubectl: Kubectl, nodes: number): Promise<void> {
  const manifest = [daemonSet, service].map((object) => stringify(object)).join('---\n');
  await kubectl(['apply', '-f', '-'], manifest);
  await kubectl(['rollout', 'status', 'daemonset/web', '--timeout=120s']);
  const { items } = JSON.parse(
    await kubectl(['get', 'pods', '-l', 'app=web', '-o', 'json']),
  ) as PodList;
  expect(items).toHaveLength(nodes);
  for (const from of items) {
    const get = (url: string): Promise<string> =>
      kubectl(['exec', from.metadata.name, '--', 'web', 'get', url, '10']);
    for (const to of items) {
      expect(await get(`http://${to.status.podIP}:8080/`)).toContain(`pod=${to.metadata.name}`);
    }
    expect(await get('http://web.default.svc.cluster.local/')).toMatch(/^pod=web-/);
  }
  await kubectl(['delete', 'daemonset/web', 'service/web', '--wait=false']);
}
