import {
  blueprintSteps,
  clusterSteps,
  leaveSteps,
  nodePaths,
  preflightSteps,
  snapshotSteps,
  type StepName,
} from '../../core/steps.js';

const DEFINITIONS = [
  ...preflightSteps,
  ...Object.values(nodePaths).flat(),
  ...clusterSteps,
  ...blueprintSteps,
  ...leaveSteps,
  ...snapshotSteps,
];

const TITLES = new Map<StepName, string>();
for (const { name, title } of DEFINITIONS) if (!TITLES.has(name)) TITLES.set(name, title);

/** What people read for a step. Helpers that are no step of a path go by their name. */
export function stepTitle(name: StepName): string {
  return TITLES.get(name) ?? name;
}

/** Run within other steps: they have output of their own but no place in a list. */
const HELPERS: readonly StepName[] = ['join-credentials', 'kubeconfig', 'cluster-keys'];

/** Of every step that has output, each once. */
export const STEP_NAMES: readonly StepName[] = [...new Set([...TITLES.keys(), ...HELPERS])];
