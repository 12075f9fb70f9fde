import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { execOn, type Lab } from '../../lab/lab.js';
import { startCalling } from './callers.js';
import type { Kubectl } from './kubectl.js';
import { until } from './until.js';

/*
 * A service as a careful team would run it: two replicas on two nodes, readiness, a preStop of five seconds, a budget.
 */

const labels = { app: 'served' };

/** Two replicas on two nodes, one of which may be away; endpoints go before their pod does. */
const served = [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'served' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          topologySpreadConstraints: [
            {
              ...{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname' },
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: labels },
            },
          ],
          containers: [
            {
              ...{ name: 'web', image: 'docker.io/plinth-lab/web:1', imagePullPolicy: 'Never' },
              readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
              lifecycle: { preStop: { sleep: { seconds: 5 } } },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'served' },
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'served' },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  },
];

/** Starts it, and calls of it from every machine once it answers there. */
export async function startServing(
  lab: Lab,
  kubectl: Kubectl,
  machines: readonly string[],
): Promise<void> {
  const archive = join(lab.bundle, 'images/lab-web-1.tar.zst');
  const input = (await readFile(archive)).toString('base64');
  for (const name of machines) {
    const load = 'base64 -d | zstd -dcq | ctr -n k8s.io images import -';
    const { code, stderr } = await execOn(name, load, { input });
    if (code !== 0) throw new Error(`${name}: ${stderr}`);
  }
  await kubectl(['apply', '-f', '-'], served.map((each) => stringify(each)).join('---\n'));
  await kubectl(['rollout', 'status', 'deployment/served', '--timeout=120s']);
  const ip = await kubectl(['get', 'service', 'served', '-o', 'jsonpath={.spec.clusterIP}']);
  const url = `http://${ip}/`;
  for (const name of machines) {
    await until(`the service answers on ${name}`, 60, async () => {
      const { code } = await execOn(name, `curl -fsS -o /dev/null --max-time 2 ${url}`);
      return code === 0 ? true : undefined;
    });
  }
  for (const name of machines) await startCalling(name, url);
}

export async function removeServed(kubectl: Kubectl): Promise<void> {
  await kubectl(['delete', 'deployment/served', 'pdb/served', 'service/served']);
}
