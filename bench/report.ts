import type { ChainLink } from './criticalPath.js';
import { medianOf } from './median.js';

/** What one run gave. */
export interface RunFigures {
  readySeconds: number;
  criticalPathSeconds: number;
  byHandSeconds?: number;
  rssMb: number;
  load: number;
}

/** A gap that is worth a look. */
const GAP_SECONDS = 0.1;

/** One row per run, then the medians (of memory: the peak). */
export function runsTable(runs: readonly RunFigures[]): string[] {
  const head = ['run', 'ready s', 'critical path s', 'ratio', 'by hand s', 'ratio', 'MB', 'load'];
  const widths = [8, 9, 17, 7, 11, 7, 6, 6];
  const line = (cells: readonly string[]): string =>
    cells.map((cell, index) => cell.padStart(widths[index] ?? 8)).join('');
  const rows = runs.map((run, index) => cellsOf(String(index + 1), run));
  return [line(head), ...rows.map(line), line(cellsOf('median', medians(runs)))];
}

function cellsOf(name: string, run: RunFigures): string[] {
  const { readySeconds, criticalPathSeconds, byHandSeconds } = run;
  return [
    name,
    readySeconds.toFixed(2),
    criticalPathSeconds.toFixed(2),
    (readySeconds / criticalPathSeconds).toFixed(3),
    byHandSeconds?.toFixed(2) ?? '-',
    byHandSeconds === undefined ? '-' : (readySeconds / byHandSeconds).toFixed(3),
    run.rssMb.toFixed(0),
    run.load.toFixed(1),
  ];
}

function medians(runs: readonly RunFigures[]): RunFigures {
  const hands = runs.flatMap(({ byHandSeconds }) => byHandSeconds ?? []);
  return {
    readySeconds: medianOf(runs.map((run) => run.readySeconds)),
    criticalPathSeconds: medianOf(runs.map((run) => run.criticalPathSeconds)),
    ...(hands.length === 0 ? {} : { byHandSeconds: medianOf(hands) }),
    rssMb: Math.max(...runs.map((run) => run.rssMb)),
    load: medianOf(runs.map((run) => run.load)),
  };
}

export interface Reached {
  ratio: number;
  ratioByHand: number | undefined;
  rssMb: number;
}

/** In words: which aims are met. */
export function verdicts(
  reached: Reached,
  aims: { ratio: number; ratioByHand: number; rssMb: number },
): string[] {
  const word = (met: boolean): string => (met ? 'met' : 'NOT MET');
  const { ratio, ratioByHand, rssMb } = reached;
  return [
    `ready ÷ critical path ${ratio.toFixed(3)} (aim: at most ${aims.ratio.toFixed(2)}): ${word(ratio <= aims.ratio)}`,
    ratioByHand === undefined
      ? 'ready ÷ by hand: not measured (--no-by-hand)'
      : `ready ÷ by hand ${ratioByHand.toFixed(3)} (aim: at most ${aims.ratioByHand.toFixed(2)}): ${word(ratioByHand <= aims.ratioByHand)}`,
    `API and worker at their peak ${rssMb.toFixed(0)} MB (aim: under ${aims.rssMb.toFixed(0)}): ${word(rssMb < aims.rssMb)}`,
  ];
}

/**
 * The chain that READY waited for, each link with the time that passed before it; the sums at the end. A gap is:
 * after the last unit's exit until the worker had recorded it · until the worker took the next · until that one's
 * unit started.
 */
export function chainLines(
  chain: readonly ChainLink[],
  { postedAt, readyAt }: { postedAt: number; readyAt: number },
): string[] {
  let end = postedAt;
  let done = postedAt;
  let gaps = 0;
  const row = (
    name: string,
    from: number,
    gap: number,
    took: string,
    split: readonly number[] = [],
  ): string => {
    gaps += gap;
    const mark = gap > GAP_SECONDS ? ' <' : '';
    const parts =
      split.length === 0 ? '' : ` (${split.map((ms) => (ms / 1000).toFixed(2)).join(' · ')})`;
    const start = ((from - postedAt) / 1000).toFixed(2);
    return `  ${name.padEnd(30)} start ${start.padStart(7)}  took ${took.padStart(6)}  gap before ${gap.toFixed(2)}${parts}${mark}`;
  };
  const lines = chain.map((link) => {
    const gap = (link.startedAt - end) / 1000;
    const begun = link.begunAt ?? link.startedAt;
    const split = [done - end, begun - done, link.startedAt - begun];
    end = link.endedAt;
    done = link.doneAt ?? link.endedAt;
    const name = `${link.hostname} ${link.step}`;
    return row(name, link.startedAt, gap, link.seconds.toFixed(2), split);
  });
  const last = row('READY', readyAt, (readyAt - end) / 1000, '-');
  return [...lines, last, `  all gaps: ${gaps.toFixed(2)} s`];
}
