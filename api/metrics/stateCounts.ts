import { Gauge, type Registry } from 'prom-client';

import { unreadSince } from '../../core/certificates.js';
import { CommonConditionStatus, NodeStatus, ProvisionStatus } from '../../core/words.js';
import type { ApiDeps } from '../deps.js';

/** Several Prometheus servers and people cost no more than one. */
const FRESH_MS = 10_000;
/** Counting takes no more than this part of the database's time, however many there are. */
const MOST_OF_THE_TIME = 0.05;
/** A scrape is not held up by a slow database: it gets what was counted last. */
const WAIT_MS = 2_000;

/** `applied`: what became of the last change, in words for a dashboard. */
const APPLIED: Readonly<Record<CommonConditionStatus, string>> = {
  [CommonConditionStatus.NotSet]: 'not_set',
  [CommonConditionStatus.Submitted]: 'submitted',
  [CommonConditionStatus.Ok]: 'ok',
  [CommonConditionStatus.Failed]: 'failed',
};

export interface StateCounts {
  /** Ends within 2 s, whatever the database does. */
  refresh(): Promise<void>;
}

/** Clusters and nodes by state, counted in the store at a scrape. A state that nothing is in is 0, not absent. */
export function createStateCounts(
  { store, log }: Pick<ApiDeps, 'store' | 'log'>,
  registers: Registry[],
): StateCounts {
  const clusters = new Gauge({
    name: 'plinth_clusters',
    help: 'Clusters by provisionStatus, and by what became of the last change.',
    labelNames: ['status', 'applied'],
    registers,
  });
  const nodes = new Gauge({
    name: 'plinth_nodes',
    help: 'Machines of clusters by status.',
    labelNames: ['status'],
    registers,
  });
  const unread = new Gauge({
    name: 'plinth_certificates_unread',
    help: 'Control planes that were not asked for a day when their certificates end.',
    registers,
  });
  const up = new Gauge({
    name: 'plinth_database_up',
    help: 'Whether clusters and nodes could be counted last.',
    registers,
  });
  let notBefore = 0;
  let counting: Promise<void> | undefined;

  async function count(): Promise<void> {
    const started = Date.now();
    try {
      const [ofClusters, ofNodes, ofCertificates] = await Promise.all([
        store.counts.clusters(),
        store.counts.nodes(),
        store.counts.unreadCertificates(unreadSince(new Date(started))),
      ]);
      clusters.reset();
      nodes.reset();
      for (const status of Object.values(ProvisionStatus)) {
        for (const applied of Object.values(APPLIED)) clusters.set({ status, applied }, 0);
      }
      for (const status of Object.values(NodeStatus)) nodes.set({ status }, 0);
      for (const { status, applied, count: number } of ofClusters) {
        clusters.set({ status, applied: APPLIED[applied] }, number);
      }
      for (const { status, count: number } of ofNodes) nodes.set({ status }, number);
      unread.set(ofCertificates);
      up.set(1);
    } catch (error) {
      // What is not known is not shown: an old number would look like a quiet day.
      clusters.reset();
      nodes.reset();
      unread.remove();
      up.set(0);
      log.warn({ err: error }, 'clusters and nodes not counted for /metrics');
    }
    const took = Date.now() - started;
    notBefore = Date.now() + Math.max(FRESH_MS, took / MOST_OF_THE_TIME);
  }

  return {
    async refresh() {
      if (Date.now() < notBefore && counting === undefined) return;
      counting ??= count().finally(() => {
        counting = undefined;
      });
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, WAIT_MS);
      });
      await Promise.race([counting, late]);
      clearTimeout(timer);
    },
  };
}
