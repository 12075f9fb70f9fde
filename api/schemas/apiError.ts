import { z } from '@hono/zod-openapi';

/** The body of every error. */
export const apiErrorSchema = z
  .object({
    code: z.int().meta({ description: 'The HTTP status.', example: 400 }),
    external: z.string().meta({ description: 'What is wrong, whole.' }),
    internal: z.string().meta({ description: 'One word for programs.', example: 'InvalidRequest' }),
    message: z.string(),
    details: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .meta({ description: 'Every problem, each with its path in the document.' }),
  })
  .meta({ id: 'APIError' });
