import { THRESHOLDS } from './thresholds.js';
import type { ClusterCheck } from './types.js';

/**
 * No clock is far from the median of all machines. The worker's own clock counts as one more: it
 * decides where there are too few machines to tell which of them is wrong.
 */
export const clockSkew: ClusterCheck = ({ nodes }) => {
  const known = nodes.flatMap(({ node, facts }) =>
    facts.clockOffsetMs === undefined ? [] : [{ node, offset: facts.clockOffsetMs }],
  );
  const middle = median([0, ...known.map(({ offset }) => offset)]);
  return known
    .filter(({ offset }) => Math.abs(offset - middle) > THRESHOLDS.clockSkewMs)
    .map(({ node, offset }) => ({
      node: node.hostname,
      check: 'clock',
      severity: 'error',
      found: `${seconds(offset - middle)} s from the others`,
      wanted: `at most ${seconds(THRESHOLDS.clockSkewMs)} s`,
      fix: 'set the clock and run a time service: timedatectl set-ntp true',
    }));
};

/** Of two middles the one nearer to zero. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return Math.abs(lower) <= Math.abs(upper) ? lower : upper;
}

function seconds(ms: number): string {
  return String(Math.round(ms / 1000));
}
