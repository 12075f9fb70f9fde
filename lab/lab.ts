/* What tests, demo and benchmarks use of the lab. */
export { labAvailable } from './available.js';
export { labDown, type DownOptions } from './down.js';
export { labUp, type UpOptions } from './up.js';
export { readLab, type Lab, type LabMachine } from './labFile.js';
export { acquireLock as holdLab, LabBusyError } from './lock.js';
export { execOn, type ExecOptions } from './exec.js';
export type { CommandResult } from './run.js';
export { isOn, powerOff, powerOn, reboot, resetMachine } from './machine.js';
export { cutNetwork, resetConnections, restoreNetwork } from './network.js';
export { snapshotMachine, type MachineSnapshot, type SnapshotSection } from './snapshot.js';
export {
  diffSnapshots,
  formatDifference,
  type Difference,
  type Exclusion,
} from './diffSnapshots.js';
export type { Artifact, BundleIndex } from './build/bundleIndex.js';
