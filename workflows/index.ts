export { blueprintRollout } from './blueprintRollout.js';
export { cluster } from './cluster.js';
export { node } from './node.js';
export { CertificateRenewal } from './operations/certificateRenewal.js';
export { ClusterRestore } from './operations/clusterRestore.js';
export { ClusterUpgrade } from './operations/clusterUpgrade.js';
export { EtcdSnapshot } from './operations/etcdSnapshot.js';
export {
  BlueprintSync,
  ClusterCreation,
  ClusterDeletion,
  NodeAddition,
  NodeRemoval,
  NodeUpdate,
} from './operations/operations.js';
export { upkeep } from './upkeep.js';
export { webhookDelivery } from './webhookDelivery.js';
