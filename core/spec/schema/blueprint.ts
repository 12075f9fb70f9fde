import { z } from 'zod';

import { AddonType, BUILT_IN_BLUEPRINTS, DriftPolicy } from '../../blueprints.js';
import { API_VERSION } from '../../words.js';
import { nameText, rolloutConcurrencyText, sha256Text, versionWordText } from '../formats.js';
import { MAX_ADDONS, MAX_BODY_BYTES, MAX_URL_LENGTH } from '../limits.js';

const ignored = z
  .unknown()
  .optional()
  .meta({ description: 'Set by the server; ignored when sent.' });
const pairs = z.record(z.string(), z.string());
const text = z.string().min(1).max(MAX_BODY_BYTES);

export const blueprintMetadata = {
  name: nameText.meta({ description: 'Unique in the project.', example: 'web' }),
  displayName: z.string().max(256).optional(),
  description: z.string().max(2048).optional(),
  labels: pairs.optional(),
  annotations: pairs.optional(),
};

/** What of an add-on everybody may read. */
export const addonHead = {
  name: nameText.meta({ description: 'Unique in the blueprint.', example: 'web' }),
  type: z.enum(Object.values(AddonType)),
  namespace: nameText.optional().meta({
    description:
      'Made if it is not there; objects that name none go there. A Helm add-on needs it.',
    example: 'web',
  }),
  releaseName: nameText.optional().meta({ description: "Helm: left out, the add-on's name." }),
  url: z.string().min(1).max(MAX_URL_LENGTH).optional().meta({
    description:
      'Instead of the content: read once, by the API, when the version is made. Kustomize: a .tar.gz.',
  }),
  sha256: sha256Text
    .optional()
    .meta({ description: 'What the URL must give. Left out: what it gave is recorded.' }),
};

export const addonSchema = z
  .strictObject({
    ...addonHead,
    manifest: text.optional().meta({ description: 'Manifest: YAML documents.' }),
    files: pairs.optional().meta({
      description: 'Kustomize: path → text, with a kustomization.yaml at the top.',
    }),
    chart: text.optional().meta({ description: "Helm: the chart's .tgz in base64." }),
    values: text.optional().meta({ description: 'Helm: YAML text.' }),
  })
  .meta({ id: 'BlueprintAddon' });

export const blueprintSettings = {
  version: versionWordText.optional().meta({
    description: 'A word for this version. Left out: v1, v2, … by the server.',
    example: 'v2',
  }),
  base: z
    .strictObject({ name: z.enum(BUILT_IN_BLUEPRINTS) })
    .optional()
    .meta({ description: 'The built-in blueprint whose parts it has. Left out: minimal.' }),
  driftPolicy: z.enum(Object.values(DriftPolicy)).optional().meta({
    description:
      'Whether what was changed by hand is put back or only reported. Left out: Correct.',
  }),
  driftEveryHours: z.int().min(0).max(8_760).optional().meta({
    description:
      'Hours between two looks at what is live in each cluster that has it; 0, or left out: only when a sync is asked for. Not a part of the version.',
    example: 1,
  }),
  rollout: z
    .strictObject({
      concurrency: rolloutConcurrencyText
        .optional()
        .meta({ description: 'Clusters at once. Left out: "20%".', example: '2' }),
      maxFailures: z
        .int()
        .min(0)
        .max(10_000)
        .optional()
        .meta({ description: 'It stops when more than these have failed. Left out: 0.' }),
    })
    .optional()
    .meta({ description: 'How a new version comes to the clusters. Not a part of the version.' }),
};

/** The Blueprint as clients send it; what must hold between fields is in ../rules/addons. */
export const blueprintSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('Blueprint'),
    metadata: z.strictObject({
      ...blueprintMetadata,
      project: z.string().min(1).optional().meta({ description: "Left out, the URL's." }),
      ...{ createdAt: ignored, modifiedAt: ignored },
    }),
    spec: z.strictObject({
      ...blueprintSettings,
      addons: z.array(addonSchema).max(MAX_ADDONS).optional(),
    }),
    status: ignored,
  })
  .meta({ id: 'Blueprint', description: 'What a cluster holds from its first day on.' });
