export { blueprintRollout } from './blueprintRollout.js';
export { cluster } from './cluster.js';
export { node } from './node.js';
export {
  BlueprintSync,
  ClusterCreation,
  ClusterDeletion,
  ClusterUpgrade,
  NodeAddition,
  NodeRemoval,
  NodeUpdate,
} from './operations/operations.js';
