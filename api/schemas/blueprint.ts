import { z } from '@hono/zod-openapi';

import { BLUEPRINT_ADDONS, type BuiltInBlueprint } from '../../core/blueprints.js';
import { API_VERSION } from '../../core/words.js';

/** A blueprint as the V3 API writes it. */
export interface BlueprintView {
  apiVersion: string;
  kind: 'Blueprint';
  metadata: { name: string; project: string };
  spec: { addons: { name: string }[] };
}

export const blueprintViewSchema = z
  .object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('Blueprint'),
    metadata: z.object({ name: z.string(), project: z.string() }),
    spec: z.object({
      addons: z.array(z.object({ name: z.string() })).meta({
        description: "Beside our namespace and the cluster's identity, which all have.",
      }),
    }),
  })
  .meta({ id: 'Blueprint', description: 'What a cluster holds from its first day on.' });

export function blueprintView(name: string, project: string): BlueprintView {
  const addons = BLUEPRINT_ADDONS[name as BuiltInBlueprint] as readonly string[] | undefined;
  return {
    apiVersion: API_VERSION,
    kind: 'Blueprint',
    metadata: { name, project },
    spec: { addons: (addons ?? []).map((addon) => ({ name: addon })) },
  };
}

export const BLUEPRINT_EXAMPLE = blueprintView('default', 'defaultproject');
