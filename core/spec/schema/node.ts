import { z } from 'zod';
import { operatingSystemWords } from '../../matrix.js';
import { Role } from '../../words.js';
import { hostnameText, interfaceText, ipv4Text, overridesText } from '../formats.js';
import { nodeSshSchema } from './ssh.js';

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;

export const taintSchema = z
  .strictObject({
    key: z.string().meta({ example: 'dedicated' }),
    value: z.string().optional().meta({ example: 'gpu' }),
    effect: z.enum(TAINT_EFFECTS),
  })
  .meta({ id: 'Taint' });

export const extraArgsSchema = z
  .record(z.string(), z.string())
  .meta({ description: 'Command line flags without the dashes.', example: { v: '4' } });

export const kubeletOverridesText = overridesText.meta({
  description: 'YAML: fields of KubeletConfiguration.',
  example: 'maxPods: 200\n',
});

const REGISTERED =
  'Left out only by a node that comes by the installer command (no ssh, and no key for all nodes): it is what the machine registers.';

export const nodeSchema = z
  .strictObject({
    hostname: hostnameText.meta({
      description: 'The name of the node in the cluster.',
      example: 'ap-node1',
    }),
    operatingSystem: z
      .string()
      .optional()
      .meta({
        description: `One of ${operatingSystemWords().join(', ')}. ${REGISTERED}`,
        example: 'Ubuntu22.04',
      }),
    arch: z.enum(['amd64', 'arm64']).optional().meta({ description: REGISTERED }),
    privateIP: ipv4Text.optional().meta({
      description: `The address that the other nodes reach it by. ${REGISTERED}`,
      example: '10.0.0.93',
    }),
    roles: z
      .array(z.enum(Role))
      .min(1)
      .meta({ example: ['ControlPlane', 'Worker'] }),
    interface: interfaceText
      .optional()
      .meta({ description: 'The interface that carries the privateIP.', example: 'eth0' }),
    labels: z
      .record(z.string(), z.string())
      .optional()
      .meta({ example: { app: 'infra' } }),
    annotations: z.record(z.string(), z.string()).optional(),
    taints: z.array(taintSchema).optional(),
    kubeletExtraArgs: extraArgsSchema.optional(),
    kubeletConfigurationOverrides: kubeletOverridesText.optional(),
    ssh: nodeSshSchema.optional(),
  })
  .meta({ id: 'Node', description: 'A machine of the cluster.' });
