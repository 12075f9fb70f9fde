/** What one cluster of so many machines took from its POST to READY. */
export interface ScaleRun {
  machines: number;
  /** From the POST to the answer to it; to READY. */
  acceptedSeconds: number;
  seconds: number;
  /** Answers to "how far is it" that were an error. */
  failedPolls: number;
  /** Processor time, seconds. */
  cpu: { api: number; worker: number; temporal: number; mongo: number };
  /** Of all workflows together; of the longest run of one. */
  historyEvents: number;
  longestHistory: number;
  mongoWrites: number;
  mongoReads: number;
  /** SSH logins of all machines; of the one with the most. */
  handshakes: number;
  mostHandshakes: number;
  /** Peaks (VmHWM), MB of 1,000,000 bytes. */
  apiMb: number;
  workerMb: number;
  load: number;
}

/** At most so much for each machine of a creation, whatever its size: docs/architecture.md says where it comes from. */
export const BOUNDS = { historyEvents: 100, mongoWrites: 50, handshakes: 2 } as const;
/** Cost of a machine in the largest cluster over that in the smallest. */
export const COST_AIM = 1.2;

export interface PerMachine {
  /** Processor seconds of API and worker. */
  cost: number;
  /** Of all four processes. */
  allCost: number;
  wall: number;
  historyEvents: number;
  mongoWrites: number;
  mongoReads: number;
  handshakes: number;
}

export function perMachine(run: ScaleRun): PerMachine {
  const { machines, cpu } = run;
  return {
    cost: (cpu.api + cpu.worker) / machines,
    allCost: (cpu.api + cpu.worker + cpu.temporal + cpu.mongo) / machines,
    wall: run.seconds / machines,
    historyEvents: run.historyEvents / machines,
    mongoWrites: run.mongoWrites / machines,
    mongoReads: run.mongoReads / machines,
    handshakes: run.handshakes / machines,
  };
}

/** One row for each size. */
export function scaleTable(runs: readonly ScaleRun[]): string[] {
  const columns: [head: string, cell: (run: ScaleRun, each: PerMachine) => string][] = [
    ['machines', ({ machines }) => String(machines)],
    ['accepted s', ({ acceptedSeconds }) => acceptedSeconds.toFixed(2)],
    ['READY s', ({ seconds }) => seconds.toFixed(1)],
    ['s/m', (_, { wall }) => wall.toFixed(3)],
    ['CPU s/m', (_, { cost }) => cost.toFixed(3)],
    ['Temporal', ({ machines, cpu }) => (cpu.temporal / machines).toFixed(3)],
    ['MongoDB', ({ machines, cpu }) => (cpu.mongo / machines).toFixed(3)],
    ['events/m', (_, { historyEvents }) => historyEvents.toFixed(1)],
    ['longest', ({ longestHistory }) => String(longestHistory)],
    ['writes/m', (_, { mongoWrites }) => mongoWrites.toFixed(1)],
    ['reads/m', (_, { mongoReads }) => mongoReads.toFixed(1)],
    ['logins/m', (_, { handshakes }) => handshakes.toFixed(2)],
    ['API MB', ({ apiMb }) => apiMb.toFixed(0)],
    ['worker MB', ({ workerMb }) => workerMb.toFixed(0)],
    ['failed polls', ({ failedPolls }) => String(failedPolls)],
    ['load', ({ load }) => load.toFixed(1)],
  ];
  const line = (cells: string[]): string =>
    cells.map((cell, index) => cell.padStart((columns[index]?.[0].length ?? 0) + 2)).join('');
  return [
    line(columns.map(([head]) => head)),
    ...runs.map((run) => line(columns.map(([, cell]) => cell(run, perMachine(run))))),
  ];
}

/** In words: which bounds and aims are met. */
export function scaleVerdicts(runs: readonly ScaleRun[]): string[] {
  const each = runs.map(perMachine);
  const word = (met: boolean): string => (met ? 'met' : 'NOT MET');
  const most = (of: keyof typeof BOUNDS): number => Math.max(...each.map((run) => run[of]));
  const bound = (of: keyof typeof BOUNDS, what: string): string =>
    `${what} for each machine ${most(of).toFixed(1)} (bound: ${String(BOUNDS[of])}): ${word(most(of) <= BOUNDS[of])}`;
  const ratio = costRatio(runs);
  return [
    bound('historyEvents', 'history events'),
    bound('mongoWrites', 'Mongo writes'),
    bound('handshakes', 'SSH handshakes'),
    ...(ratio === undefined
      ? []
      : [
          `cost of a machine of ${String(runs.at(-1)?.machines)} ÷ of ${String(runs[0]?.machines)}: ${ratio.toFixed(3)} (aim: at most ${COST_AIM.toFixed(2)}): ${word(ratio <= COST_AIM)}`,
        ]),
  ];
}

/** Of the largest cluster over the smallest; undefined for one size alone. */
export function costRatio(runs: readonly ScaleRun[]): number | undefined {
  const [smallest, largest] = [runs[0], runs.at(-1)];
  if (smallest === undefined || largest === undefined || smallest === largest) return undefined;
  return perMachine(largest).cost / perMachine(smallest).cost;
}

/** The last line of output. */
export function scaleJson(runs: readonly ScaleRun[]): object {
  const round = (value: number): number => Number(value.toFixed(3));
  const ratio = costRatio(runs);
  return {
    bench: 'scale',
    ...(ratio === undefined ? {} : { cost_ratio: round(ratio) }),
    bounds: BOUNDS,
    runs: runs.map((run) => {
      const each = perMachine(run);
      return {
        machines: run.machines,
        seconds: round(run.seconds),
        cpu_s_per_machine: round(each.cost),
        cpu_s_per_machine_with_servers: round(each.allCost),
        history_events_per_machine: round(each.historyEvents),
        longest_history: run.longestHistory,
        mongo_writes_per_machine: round(each.mongoWrites),
        mongo_reads_per_machine: round(each.mongoReads),
        ssh_handshakes_per_machine: round(each.handshakes),
        ssh_handshakes_most: run.mostHandshakes,
        api_peak_mb: Math.round(run.apiMb),
        worker_peak_mb: Math.round(run.workerMb),
        failed_polls: run.failedPolls,
        load: round(run.load),
      };
    }),
  };
}
