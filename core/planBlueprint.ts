import { blueprintChange } from './blueprintChange.js';
import { baseOf, DriftPolicy, type ResolvedBlueprint } from './blueprints.js';
import { byHostname } from './byHostname.js';
import type { ClusterSpec } from './cluster.js';
import type { AppliedState, DesiredState, OperationPlan } from './plan.js';
import type { StepName } from './steps.js';
import { OperationName } from './words.js';

/** All of the spec's blueprint is applied and waited for. */
export function planBlueprint(spec: ClusterSpec, reason: string): OperationPlan {
  return {
    name: OperationName.BlueprintSync,
    reason: `blueprint ${spec.blueprint.name}: ${reason}`,
    nodes: [],
    leave: [],
    clusterSteps: ['namespace-sync', 'blueprint-sync', 'blueprint-health'],
  };
}

/** A manifest of the network that has changed: by the spec, by the artifacts, or by plinth itself. */
const NETWORK: readonly StepName[] = ['cni', 'cni-rollout'];

/** What of the blueprint, and of the network with it, is not as desired or is to be looked at. */
export function planBlueprintChange(applied: AppliedState, desired: DesiredState): OperationPlan[] {
  const { spec, blueprint, sync } = desired;
  const { moved, changed } = blueprintChange(applied, spec, blueprint);
  const nodes = newParts(applied, desired);
  const asked = sync === undefined ? {} : { sync };
  if (!moved && !changed && nodes.length === 0) {
    return sync === undefined ? [] : [{ ...planSync(spec, blueprint), ...asked }];
  }
  const moves = moved ? 'systemComponentsPlacement changed' : 'nodes lack images of it';
  const plan = planBlueprint(spec, changed ? 'changed' : moves);
  return [
    {
      ...plan,
      ...asked,
      nodes,
      // The network's own workloads are placed as well.
      clusterSteps:
        moved || sync !== undefined ? [...NETWORK, ...plan.clusterSteps] : plan.clusterSteps,
    },
  ];
}

/** Looks at what is live first; unless that is only to be reported, all is applied again. */
function planSync(spec: ClusterSpec, blueprint: ResolvedBlueprint | undefined): OperationPlan {
  const plan = planBlueprint(spec, 'a sync was asked for');
  const isReport = blueprint?.driftPolicy === DriftPolicy.Report;
  return {
    ...plan,
    clusterSteps: ['blueprint-drift', ...(isReport ? [] : [...NETWORK, ...plan.clusterSteps])],
  };
}

/** Nodes that lack the images of the built-in parts, which the blueprint before, or that with which they joined, did not have. */
function newParts(
  applied: AppliedState,
  { spec, blueprint }: DesiredState,
): OperationPlan['nodes'] {
  if (baseOf(spec, blueprint) === 'minimal') return [];
  const before = applied.blueprint;
  const had = before?.base ?? (before === undefined ? undefined : baseOf({ blueprint: before }));
  const parts = new Map(applied.nodes.map((node) => [node.hostname, node.parts ?? had]));
  return spec.config.nodes
    .filter(({ hostname }) => had === 'minimal' || parts.get(hostname) === 'minimal')
    .toSorted(byHostname)
    .map(({ hostname }) => ({ hostname, path: 'blueprint-images' }));
}
