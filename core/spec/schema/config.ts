import { z } from 'zod';
import { platformVersions } from '../../platform.js';
import { concurrencyText, kubernetesVersionText } from '../formats.js';
import { MAX_NODES } from '../limits.js';
import { controlPlaneOverridesSchema } from './controlPlaneOverrides.js';
import { networkSchema } from './network.js';
import { extraArgsSchema, kubeletOverridesText, nodeSchema } from './node.js';
import { clusterSshSchema } from './ssh.js';

const kubernetesUpgradeSchema = z
  .strictObject({
    strategy: z
      .enum(['concurrent', 'sequential'])
      .optional()
      .meta({ description: 'Of workers; control planes always go one by one.' }),
    params: z
      .strictObject({ workerConcurrency: concurrencyText.optional().meta({ example: '50%' }) })
      .optional(),
  })
  .meta({ id: 'KubernetesUpgrade' });

export const configSchema = z
  .strictObject({
    location: z.string().min(1).optional().meta({
      description: 'Where it stands: a label of every node.',
      example: 'sanjose-us',
    }),
    autoApproveNodes: z.boolean().optional().meta({
      description: 'Nodes that register by the installer command join without a person.',
    }),
    kubernetesVersion: kubernetesVersionText.meta({ example: 'v1.34.4' }),
    dedicatedControlPlane: z
      .boolean()
      .optional()
      .meta({ description: 'Control planes run no workloads.' }),
    highAvailability: z.boolean().optional().meta({ description: 'Three or more control planes.' }),
    platformVersion: z
      .string()
      .optional()
      .meta({
        description: `Versions of what plinth brings beside Kubernetes: ${platformVersions().join(', ')}.`,
        example: platformVersions().at(-1),
      }),
    installerTtl: z
      .int()
      .min(1)
      .max(3650)
      .optional()
      .meta({ description: 'Days that an installer command is good for; 365.', example: 365 }),
    kubeletExtraArgs: extraArgsSchema.optional(),
    kubeletConfigurationOverrides: kubeletOverridesText.optional(),
    controlPlaneOverrides: controlPlaneOverridesSchema.optional(),
    kubernetesUpgrade: kubernetesUpgradeSchema.optional(),
    network: networkSchema,
    ssh: clusterSshSchema.optional(),
    nodes: z.array(nodeSchema).min(1).max(MAX_NODES).meta({ description: 'In any order.' }),
  })
  .meta({ id: 'ClusterConfig' });
