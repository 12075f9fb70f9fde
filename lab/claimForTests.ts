import { machinesWithCgroups } from './cgroups.js';
import { acquireLock } from './lock.js';

const OURS = ['m1', 'm2', 'm3'];

/**
 * Holds the lab for a test file that wipes or removes machines.
 *
 * @returns gives it back.
 * @throws Error when machines run that no test made: somebody is at work on them.
 * @throws LabBusyError while another process holds the lab.
 */
export function claimForTests(): () => void {
  const strangers = machinesWithCgroups().filter((name) => !OURS.includes(name));
  if (strangers.length > 0) {
    throw new Error(`these tests would remove ${strangers.join(' ')}, which somebody is using`);
  }
  return acquireLock('lab tests');
}
