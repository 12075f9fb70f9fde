import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { deleteBlueprint } from './delete.js';
import { getBlueprint } from './get.js';
import { listBlueprints } from './list.js';
import { postBlueprint } from './post.js';
import { getBlueprintRollout } from './rollout.js';
import { listBlueprintVersions } from './versions.js';

export function registerBlueprints(app: OpenAPIHono<ApiEnv>): void {
  listBlueprints(app);
  postBlueprint(app);
  getBlueprint(app);
  listBlueprintVersions(app);
  getBlueprintRollout(app);
  deleteBlueprint(app);
}
