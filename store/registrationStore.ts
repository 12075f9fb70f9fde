import type { Registration } from '../core/registration.js';

/** Machines that came by the installer command, one a node; they go with their cluster. */
export interface RegistrationStore {
  put(clusterId: string, registration: Registration): Promise<void>;
  get(clusterId: string, hostname: string): Promise<Registration | undefined>;
  list(clusterId: string): Promise<Registration[]>;
  /** False when there is none, or it was approved before. */
  approve(clusterId: string, hostname: string, by: string): Promise<boolean>;
  remove(clusterId: string, hostname: string): Promise<void>;
}
