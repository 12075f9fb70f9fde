import type { Kubectl } from './kubectl.js';

const labels = { app: 'held' };

/** A pod that may run on this node only, under a budget that lets it go nowhere. Gives its name. */
export async function holdPodOn(node: string, kubectl: Kubectl): Promise<string> {
  const { status } = JSON.parse(await kubectl(['get', 'node', node, '-o', 'json'])) as {
    status: { images: { names: string[] }[] };
  };
  const names = status.images.flatMap((image) => image.names);
  // On every node, and it does nothing.
  const image = names.find((name) => /\/pause:/.test(name));
  const spec = {
    nodeSelector: { 'kubernetes.io/hostname': node },
    containers: [{ name: 'pause', image, imagePullPolicy: 'Never' }],
  };
  const items = [
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'held' } },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
    {
      ...{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'held' } },
      spec: { maxUnavailable: 0, selector: { matchLabels: labels } },
    },
  ];
  await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await kubectl(['rollout', 'status', 'deployment/held', '--timeout=60s']);
  return kubectl(['get', 'pods', '-l', 'app=held', '-o', 'jsonpath={.items[*].metadata.name}']);
}

/** The budget lets the pod go. */
export async function loosenBudget(kubectl: Kubectl): Promise<void> {
  await kubectl(['patch', 'pdb', 'held', '--type=merge', '-p', '{"spec":{"maxUnavailable":1}}']);
}

export async function removeHeld(kubectl: Kubectl): Promise<void> {
  await kubectl(['delete', 'deployment,pdb', 'held']);
}

/** A volume that is attached to the node, as its storage driver would say it. */
export async function attachVolume(node: string, kubectl: Kubectl): Promise<void> {
  const attachment = {
    ...{ apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata: { name: 'held' } },
    spec: {
      ...{ attacher: 'storage.example', nodeName: node },
      source: { persistentVolumeName: 'held-volume' },
    },
  };
  await kubectl(['create', '-f', '-'], JSON.stringify(attachment));
}

export async function detachVolume(kubectl: Kubectl): Promise<void> {
  await kubectl(['delete', 'volumeattachment', 'held']);
}
