import { z } from 'zod';
import {
  addressText,
  cniVersionText,
  endpointText,
  ipv4CidrText,
  ipv6CidrText,
} from '../formats.js';

export const networkSchema = z
  .strictObject({
    cni: z
      .strictObject({
        name: z.string().meta({ description: 'Calico.', example: 'Calico' }),
        version: cniVersionText.meta({ example: '3.26.1' }),
      })
      .meta({ id: 'Cni' }),
    podSubnet: ipv4CidrText.meta({
      description: 'Every node takes a /24 of it.',
      example: '10.244.0.0/16',
    }),
    serviceSubnet: ipv4CidrText.meta({
      description: 'From /12 to /28.',
      example: '10.96.0.0/12',
    }),
    ipv6: z
      .strictObject({
        podSubnet: ipv6CidrText.optional().meta({ example: 'fd00:10:244::/56' }),
        serviceSubnet: ipv6CidrText.optional().meta({ example: 'fd00:10:96::/112' }),
      })
      .optional()
      .meta({ description: 'Makes the cluster dual-stack: both or none.' }),
    nameservers: z
      .array(addressText)
      .optional()
      .meta({ description: 'At most three.', example: ['10.0.0.2'] }),
    controlPlaneEndpoint: endpointText.optional().meta({
      description:
        "Ours: a load balancer in front of the control planes' port 6443, instead of the proxy on every machine. Passes TCP through. Port: 6443 unless given.",
      example: 'lb.example.net:6443',
    }),
  })
  .meta({
    id: 'Network',
    description: 'No two ranges may overlap, nor hold an address of a machine.',
  });
