import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';
import { stringify } from 'yaml';

import { execOn, type Lab } from '../../lab/lab.js';
import type { Kubectl } from './kubectl.js';

/** The lab's own image, in every bundle that the lab builds; the product does not send it. */
const IMAGE = 'docker.io/plinth-lab/web:1';
const ARCHIVE = 'images/lab-web-1.tar.zst';
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

/** A pod on each of the machines: each reaches every other by its address, and the service by its name. */
export async function expectPodsTalk(
  lab: Lab,
  kubectl: Kubectl,
  machines: readonly string[],
): Promise<void> {
  const input = (await readFile(join(lab.bundle, ARCHIVE))).toString('base64');
  for (const name of machines) {
    const load = 'base64 -d | zstd -dcq | ctr -n k8s.io images import -';
    const { code, stderr } = await execOn(name, load, { input });
    expect(code, `${name}: ${stderr}`).toBe(0);
  }
  const manifest = [daemonSet, service].map((object) => stringify(object)).join('---\n');
  await kubectl(['apply', '-f', '-'], manifest);
  await kubectl(['rollout', 'status', 'daemonset/web', '--timeout=120s']);
  const { items } = JSON.parse(
    await kubectl(['get', 'pods', '-l', 'app=web', '-o', 'json']),
  ) as PodList;
  expect(items).toHaveLength(machines.length);
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
