import { z } from 'zod';

export const proxySchema = z
  .strictObject({
    enabled: z.boolean().optional(),
    httpProxy: z.string().min(1).optional().meta({ example: 'http://proxy.example.com:3128' }),
    httpsProxy: z.string().min(1).optional().meta({ example: 'http://proxy.example.com:3128' }),
    noProxy: z.string().min(1).optional().meta({
      description: 'Comma-separated. The ranges and addresses of the cluster are added to it.',
      example: '.example.com,10.0.0.0/8',
    }),
    proxyAuth: z.string().min(1).optional().meta({
      description: '"user:password". Write-only. Not supported yet.',
      writeOnly: true,
    }),
    bootstrapCA: z.string().min(1).optional().meta({ description: 'Not supported yet.' }),
    allowInsecureBootstrap: z.boolean().optional().meta({ description: 'Not supported yet.' }),
  })
  .meta({ id: 'Proxy', description: 'What the machines reach the outside through.' });
