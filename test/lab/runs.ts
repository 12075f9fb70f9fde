import { execOn } from '../../lab/lab.js';
import { until } from './until.js';

/** One run of a step as the machine itself recorded it. */
export interface RunOnMachine {
  runId: string;
  /** Milliseconds since the epoch, the machine's clock (here the same as ours). */
  startedAt: number;
  endedAt?: number;
  exit?: number;
}

/** Waits until a step's script is at work on a machine, and gives its run's id. */
export async function untilLive(machine: string, step: string, seconds = 240): Promise<string> {
  return until(
    `${step} on ${machine}`,
    seconds,
    async () => {
      // It holds its lock a moment before it has written down that it started.
      const { stdout } = await execOn(
        machine,
        `for d in /run/plinth/*-${step}-*; do id=\${d##*/}; [ -e "$d/alive" ] && [ -s "/var/lib/plinth/runs/$id/started" ] && echo "$id"; done; true`,
      );
      return stdout.split('\n')[0] || undefined;
    },
    50,
  );
}

/** Every run of a step on a machine, oldest first. */
export async function runsOf(machine: string, step: string): Promise<RunOnMachine[]> {
  const { stdout } = await execOn(
    machine,
    `for d in /var/lib/plinth/runs/*-${step}-*; do [ -e "$d/started" ] && [ ! -L "$d" ] && echo "run \${d##*/}" && echo "started $(cat $d/started)" && cat $d/state; done 2>/dev/null; true`,
  );
  const runs: RunOnMachine[] = [];
  for (const line of stdout.split('\n')) {
    const [key, value = ''] = line.split(' ');
    const last = runs.at(-1);
    if (key === 'run') runs.push({ runId: value, startedAt: 0 });
    else if (last !== undefined && key === 'started') last.startedAt = Number(value);
    else if (last !== undefined && key === 'ended') last.endedAt = Number(value);
    else if (last !== undefined && key === 'exit') last.exit = Number(value);
  }
  return runs.toSorted((a, b) => a.startedAt - b.startedAt);
}

/** Ids of all runs that a machine knows of. */
export async function runIds(machine: string): Promise<string[]> {
  const { stdout } = await execOn(machine, 'ls /var/lib/plinth/runs 2>/dev/null || true');
  return stdout.split('\n').filter((line) => line !== '');
}

/** The steps that these are runs of: each once, by name. */
export function stepsOf(ids: readonly string[]): string[] {
  return [...new Set(ids.map((id) => /^[a-z0-9]{7}-([a-z-]+)-/.exec(id)?.[1] ?? id))].toSorted();
}

/** Another one is another start. */
export async function kubeletPid(machine: string): Promise<string> {
  return (await execOn(machine, 'systemctl show -p MainPID --value kubelet')).stdout.trim();
}

/** How often systemd started units of a step, or of any, on a machine since it booted: the journal's own word. */
export async function startsInJournal(machine: string, step = '[a-z-]+'): Promise<number> {
  const { stdout } = await execOn(
    machine,
    `journalctl -b -o cat --no-pager | grep -cE '^Started (plinth-[a-z0-9-]+\\.service - )?plinth: ${step} ' || true`,
  );
  return Number(stdout.trim());
}

/**
 * What was done to a machine since then, in ms, as its journal has it: logins, commands as root, units of steps. Not the
 * looks of whoever watches its cluster: they come every half a minute, whatever is applied.
 */
export async function touchesSince(machine: string, since: number): Promise<string[]> {
  const { stdout } = await execOn(
    machine,
    `journalctl --no-pager -o cat -t sshd -t sudo -t systemd -S @${(since / 1000).toFixed(3)}`,
  );
  return stdout
    .split('\n')
    .filter((line) => /^Accepted |COMMAND=|^Started .*plinth: /.test(line))
    .filter((line) => !/'bash -s (cluster|machine)/.test(line));
}

export async function bootId(machine: string): Promise<string> {
  return (await execOn(machine, 'cat /proc/sys/kernel/random/boot_id')).stdout.trim();
}
