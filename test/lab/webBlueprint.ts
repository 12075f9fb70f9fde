import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/*
 * A blueprint `web` with an add-on of each type, of the lab's own image.
 */

const IMAGE = 'docker.io/plinth-lab/web:1';
/** Planted in one of its manifests. */
export const SECRET = 'planted-in-a-manifest';

const deployment = (name: string, replicas: string): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  replicas: ${replicas}
  selector:
    matchLabels: {app: ${name}}
  template:
    metadata:
      labels: {app: ${name}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - {name: web, image: "${IMAGE}", imagePullPolicy: Never}
`;

const front = (): Buffer =>
  chart('front', {
    'values.yaml': 'replicas: 1\n',
    'crds/gadgets.yaml': definition('gadgets', 'Gadget'),
    'templates/front.yaml': deployment('{{ .Release.Name }}', '{{ .Values.replicas }}'),
    'templates/hook.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: hook
  annotations: {helm.sh/hook: pre-delete}
`,
  });

/** One of a ConfigMap that is named as its release is. */
export const colourChart = (): Buffer =>
  chart('colour', {
    'values.yaml': 'colour: of the chart\n',
    'templates/colour.yaml': configMap('{{ .Release.Name }}', '{{ .Values.colour }}'),
  });

/** As `helm package` writes it. */
function chart(name: string, files: Record<string, string>): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-chart-'));
  const all = { 'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`, ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), text);
  }
  execFileSync('tar', ['-czf', join(folder, 'chart.tgz'), '-C', folder, name]);
  const bytes = readFileSync(join(folder, 'chart.tgz'));
  rmSync(folder, { recursive: true });
  return bytes;
}

const definition = (plural: string, kind: string): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: ${plural}.lab.example.com
spec:
  group: lab.example.com
  names: {plural: ${plural}, singular: ${kind.toLowerCase()}, kind: ${kind}}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`;

export const configMap = (name: string, colour: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {colour: ${colour}}\n`;

export interface Content {
  colour: string;
  dropped: boolean;
  replicas?: string;
  driftPolicy?: 'Report';
  /** Of a manifest and of a chart, for one more add-on each. */
  urls?: { manifest: string; chart: string };
}

export function webBlueprint({ colour, dropped, replicas = '1', ...more }: Content): object {
  const settings = [
    configMap('colours', colour),
    `apiVersion: lab.example.com/v1\nkind: Widget\nmetadata: {name: one}\n`,
    definition('widgets', 'Widget'),
    `apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: ${SECRET}}\n`,
    ...(dropped ? [] : [configMap('dropped', 'grey')]),
  ];
  return {
    apiVersion: 'infra.k8smgmt.io/v3',
    kind: 'Blueprint',
    metadata: { name: 'web' },
    spec: {
      ...(more.driftPolicy === undefined ? {} : { driftPolicy: more.driftPolicy }),
      addons: [
        ...(more.urls === undefined ? [] : fetched(more.urls)),
        { name: 'settings', type: 'Manifest', namespace: 'web', manifest: settings.join('---\n') },
        {
          ...{ name: 'site', type: 'Kustomize', namespace: 'web' },
          files: {
            'kustomization.yaml': 'namePrefix: the-\nresources: [base]\n',
            'base/kustomization.yaml': 'resources: [site.yaml]\n',
            'base/site.yaml': deployment('site', replicas),
          },
        },
        {
          name: 'front',
          type: 'Helm',
          namespace: 'front',
          chart: front().toString('base64'),
          values: 'replicas: 1\n',
        },
      ],
    },
  };
}

const fetched = ({ manifest, chart: ofChart }: { manifest: string; chart: string }): object[] => [
  { name: 'fetched', type: 'Manifest', namespace: 'web', url: manifest },
  {
    ...{ name: 'charted', type: 'Helm', namespace: 'web', url: ofChart },
    values: 'colour: violet\n',
  },
];
