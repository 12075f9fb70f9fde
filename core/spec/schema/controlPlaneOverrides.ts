import { z } from 'zod';
import { extraArgsSchema } from './node.js';

const HOST_PATH_TYPES = [
  'DirectoryOrCreate',
  'Directory',
  'FileOrCreate',
  'File',
  'Socket',
  'CharDevice',
  'BlockDevice',
] as const;

/** kubeadm mounts only host paths into its static pods, so only those are here. */
export const extraVolumeSchema = z
  .strictObject({
    name: z.string().meta({ example: 'audit' }),
    hostPath: z.strictObject({
      path: z.string().meta({ example: '/etc/kubernetes/audit' }),
      type: z.enum(HOST_PATH_TYPES).optional(),
    }),
  })
  .meta({ id: 'ExtraVolume', description: 'A path of the machine.' });

export const extraVolumeMountSchema = z
  .strictObject({
    name: z.string().meta({ description: 'Of a volume in extraVolumes.', example: 'audit' }),
    mountPath: z.string().meta({ example: '/etc/kubernetes/audit' }),
    readOnly: z.boolean().optional(),
  })
  .meta({ id: 'ExtraVolumeMount', description: 'Where the component sees it.' });

const overrideSchema = z
  .strictObject({
    extraArgs: extraArgsSchema.optional(),
    extraVolumes: z.array(extraVolumeSchema).optional(),
    extraVolumeMounts: z.array(extraVolumeMountSchema).optional(),
  })
  .meta({ id: 'ControlPlaneOverride' });

export const controlPlaneOverridesSchema = z
  .strictObject({
    kubeApiserver: overrideSchema.optional(),
    kubeControllerManager: overrideSchema.optional(),
    kubeScheduler: overrideSchema.optional(),
  })
  .meta({ id: 'ControlPlaneOverrides', description: 'Flags and files for the control plane.' });
