import type { StepName } from '../../core/steps.js';
import { recordedLook, recordedSteps } from '../ssh/machineFarm.js';
import { startScriptedMachine, type AskedStep, type SaidStep } from '../ssh/scriptedMachine.js';

/** A control plane m1, and a worker m2 that cannot reach it until that is mended. */
export interface MendableMachines {
  ports: number[];
  /** Those of these steps that were run, as `kubeadm-init on m1`, in the order in which they were asked for. */
  asked(...steps: StepName[]): string[];
  /** Whoever runs this step waits in it until what is returned is called. */
  hold(step: StepName): () => void;
  mend(): void;
  close(): Promise<void>;
}

export const NO_ROUTE = {
  outcome: 'failed',
  command: 'kubeadm join --config /run/plinth/join.yaml',
  output: [
    '[preflight] Running pre-flight checks',
    'error execution phase preflight: dial tcp 10.77.0.2:6443: connect: no route to host',
  ],
  hint: 'Let m2 reach port 6443 of m1 (a firewall between them?), then retry: it goes on at this step.',
} satisfies SaidStep;

/** Machines that run nothing, and say at once that a step is done unless it is held or what is broken is in its way. */
export async function startMendableMachines(): Promise<MendableMachines> {
  // By machine and run: one that was asked for again has run once.
  const runs = new Map<string, { hostname: string; step: string }>();
  const held = new Map<string, Promise<void>>();
  let broken = true;
  const stepsOf = (number: number) => {
    const hostname = `m${String(number)}`;
    const recorded = recordedSteps(number);
    return async (asked: AskedStep): Promise<SaidStep> => {
      const { step, run } = asked;
      runs.set(`${hostname} ${run}`, { hostname, step });
      await held.get(step);
      return broken && step === 'kubeadm-join' ? NO_ROUTE : recorded(asked);
    };
  };
  const machines = await Promise.all([
    startScriptedMachine(stepsOf(1), recordedLook(2)),
    startScriptedMachine(stepsOf(2)),
  ]);
  return {
    ports: machines.map(({ port }) => port),
    asked: (...steps) =>
      [...runs.values()]
        .filter(({ step }) => steps.some((name) => name === step))
        .map(({ hostname, step }) => `${step} on ${hostname}`),
    hold(step) {
      let release: () => void = () => undefined;
      held.set(step, new Promise<void>((resolve) => (release = resolve)));
      return release;
    },
    mend: () => void (broken = false),
    async close() {
      await Promise.all(machines.map((machine) => machine.close()));
    },
  };
}
