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
      description: '"user:password". Write-only: never answered.',
      writeOnly: true,
    }),
    bootstrapCA: z.string().min(1).optional().meta({
      description: 'PEM: the CA of a proxy that opens TLS. The machines trust it.',
    }),
    allowInsecureBootstrap: z.boolean().optional().meta({
      description: "Machines' own downloads do not check certificates. Rather give bootstrapCA.",
    }),
  })
  .meta({ id: 'Proxy', description: 'What the machines reach the outside through.' });
