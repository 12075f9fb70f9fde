import { z } from '@hono/zod-openapi';

import {
  BLUEPRINT_ADDONS,
  type Addon,
  type AddonContent,
  type BlueprintMetadata,
  type BlueprintRecord,
  type BlueprintVersion,
  type BuiltInBlueprint,
  type BlueprintSpec,
} from '../../core/blueprints.js';
import {
  addonHead,
  blueprintMetadata,
  blueprintSettings,
} from '../../core/spec/schema/blueprint.js';
import { API_VERSION } from '../../core/words.js';

/** A blueprint as it is answered. */
export interface BlueprintView {
  apiVersion: string;
  kind: 'Blueprint';
  metadata: BlueprintMetadata & { createdAt?: string; modifiedAt?: string };
  spec: Omit<BlueprintSpec, 'addons'> & {
    addons: (Omit<Addon, 'type'> & { type?: Addon['type'] })[];
  };
  status: {
    builtIn: boolean;
    /** Of what is shown. */
    version?: string;
    createdAt?: string;
    addons?: { name: string; size: number; sha256?: string }[];
  };
}

const content = {
  manifest: z.string().optional(),
  files: z.record(z.string(), z.string()).optional(),
  chart: z.string().optional(),
  values: z.string().optional(),
};

export const blueprintViewSchema = z
  .object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('Blueprint'),
    metadata: z.object({
      ...blueprintMetadata,
      project: z.string(),
      createdAt: z.string().optional(),
      modifiedAt: z.string().optional(),
    }),
    spec: z.object({
      ...blueprintSettings,
      addons: z
        .array(z.object({ ...addonHead, type: addonHead.type.optional(), ...content }))
        .meta({
          description:
            "Beside our namespace and the cluster's identity, which all have. Contents are for operators only: they " +
            'may hold Secrets.',
        }),
    }),
    status: z.object({
      builtIn: z.boolean().meta({ description: 'Every project has it; it cannot be changed.' }),
      version: z.string().optional().meta({ description: 'Of what is shown.' }),
      createdAt: z.string().optional().meta({ description: 'When this version was made.' }),
      addons: z
        .array(
          z.object({
            name: z.string(),
            size: z.int().meta({ description: 'Of its content, in bytes.' }),
            sha256: z.string().optional().meta({ description: 'Of what its url gave.' }),
          }),
        )
        .optional(),
    }),
  })
  .meta({ id: 'BlueprintView' });

export function builtInView(name: BuiltInBlueprint, project: string): BlueprintView {
  return {
    apiVersion: API_VERSION,
    kind: 'Blueprint',
    metadata: { name, project },
    spec: { addons: BLUEPRINT_ADDONS[name].map((addon) => ({ name: addon })) },
    status: { builtIn: true },
  };
}

/** `contents` in the order of the add-ons; absent: who asks may not see them. */
export function blueprintView(
  { driftEveryHours, rollout, ...metadata }: BlueprintRecord,
  version: BlueprintVersion,
  contents?: readonly AddonContent[],
): BlueprintView {
  const { base, baseGiven, driftPolicy, given, addons } = version;
  return {
    apiVersion: API_VERSION,
    kind: 'Blueprint',
    metadata,
    spec: {
      ...(given ? { version: version.version } : {}),
      ...(baseGiven === true ? { base: { name: base } } : {}),
      ...(driftPolicy === undefined ? {} : { driftPolicy }),
      ...(driftEveryHours === undefined ? {} : { driftEveryHours }),
      ...(rollout === undefined ? {} : { rollout }),
      addons: addons.map(({ content: _content, ...head }, index) => ({
        ...head,
        ...(contents === undefined ? {} : shownContent(contents[index], head.url)),
      })),
    },
    status: {
      builtIn: false,
      version: version.version,
      createdAt: version.createdAt,
      addons: addons.map(({ name, content: { size, sha256 } }) => ({
        ...{ name, size },
        ...(sha256 === undefined ? {} : { sha256 }),
      })),
    },
  };
}

/** What a URL gave is not what was given. */
function shownContent(content: AddonContent | undefined, url: string | undefined): AddonContent {
  if (content === undefined) return {};
  if (url === undefined) return content;
  return content.values === undefined ? {} : { values: content.values };
}

export const BLUEPRINT_EXAMPLE = {
  apiVersion: API_VERSION,
  kind: 'Blueprint',
  metadata: { name: 'web', project: 'defaultproject', description: 'What our web clusters hold' },
  spec: {
    base: { name: 'default' },
    driftPolicy: 'Correct',
    driftEveryHours: 1,
    rollout: { concurrency: '20%', maxFailures: 1 },
    addons: [
      {
        name: 'settings',
        type: 'Manifest',
        namespace: 'web',
        manifest:
          'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  colour: blue\n',
      },
    ],
  },
} as const;

export const BLUEPRINT_VIEW_EXAMPLE = {
  ...BLUEPRINT_EXAMPLE,
  metadata: {
    ...BLUEPRINT_EXAMPLE.metadata,
    createdAt: '2026-11-24T08:20:11.300000Z',
    modifiedAt: '2026-11-24T08:20:11.300000Z',
  },
  status: {
    builtIn: false,
    version: 'v1',
    createdAt: '2026-11-24T08:20:11.300000Z',
    addons: [{ name: 'settings', size: 113 }],
  },
} as const;
