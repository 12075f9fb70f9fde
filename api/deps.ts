import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

import type { Store } from '../store/types.js';
import type { Tracing } from '../tracing/tracing.js';
import type { RotatableVault } from '../vault/vault.js';
import type { ClusterWorkflows } from './workflows.js';

/** What the API is composed of. */
export interface ApiDeps {
  store: Store;
  vault: RotatableVault;
  workflows: ClusterWorkflows;
  config: ApiConfig;
  log: Logger;
  /** Holds what else `/metrics` shows: the process's own. Default: nothing. */
  registry?: Registry;
  /** Default: no traces. */
  tracing?: Tracing;
}

interface ApiConfig {
  /** Folder that `privateKeyPath` points into (PLINTH_KEYS). */
  keysDir: string;
  /** Where machines reach the API (PLINTH_URL), without a slash at the end. */
  url: string;
  /** Names of the blueprints that can be applied. */
  blueprints: readonly string[];
  /** Where Temporal's Web UI is, as people reach it, with no slash at the end. Absent: nothing links to it. */
  temporalUi?: { url: string; namespace: string };
  /** Shown in the OpenAPI document. */
  version: string;
  /** Largest request body. Default 4 MiB: a spec of 1,000 machines is about 0.5 MB. */
  maxBodyBytes?: number;
  /** Requests a second of one API key; with a bad key or none, of one address a tenth. Default: no limit. */
  requestsPerSecond?: number;
  /** How often an event stream looks for news. Default 500 ms, which is also the most. */
  eventPollMs?: number;
  /** How long the console's page waits, at most, for what it shows first; default: 300. */
  firstViewMs?: number;
}
