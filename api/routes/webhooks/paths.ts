import type { KeyRole } from '../../../store/apiKeyStore.js';

export const WEBHOOKS = '/apis/infra.k8smgmt.io/v3/projects/{project}/webhooks';
export const WEBHOOK = `${WEBHOOKS}/{name}`;

/** Who may make, change and delete a webhook: it has our servers call an address, which is more than changing a cluster. */
export const CHANGES_WEBHOOKS: KeyRole = 'admin';
