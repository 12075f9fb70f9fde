import { blueprintManifests } from '../manifests/blueprint.js';
import { nodeParams } from './nodeParams.js';
import type { StepContext, StepModule } from './types.js';

const manifests = (context: StepContext): readonly string[] =>
  context.spec.blueprint.name === 'minimal' ? [] : ['metrics-server'];

export const namespaceSyncStep: StepModule = {
  name: 'namespace-sync',
  script: ['control-plane-lib.sh', 'namespace-sync.sh'],
  timeoutSeconds: 120,
  params: (context) => ({
    ...nodeParams(context),
    MANIFEST: blueprintManifests(context).namespaces,
  }),
};

export const blueprintSyncStep: StepModule = {
  name: 'blueprint-sync',
  script: ['control-plane-lib.sh', 'blueprint-sync.sh'],
  timeoutSeconds: 300,
  manifests,
  params: (context) => {
    const { objects, text } = blueprintManifests(context);
    return { ...nodeParams(context), MANIFEST: text, OBJECTS: objects.join('\n') };
  },
};

export const blueprintHealthStep: StepModule = {
  name: 'blueprint-health',
  script: ['control-plane-lib.sh', 'blueprint-health.sh'],
  // Each workload has its own 300 s.
  timeoutSeconds: 1200,
  manifests,
  params: (context) => {
    const { workloads, apiServices } = blueprintManifests(context);
    return {
      ...nodeParams(context),
      WORKLOADS: ['kube-system deployment/coredns', ...workloads].join('\n'),
      APISERVICES: apiServices.join('\n'),
    };
  },
};
