import { execOn } from '../../lab/lab.js';

/** One call of a service from a machine. */
export interface Call {
  machine: string;
  /** Milliseconds since the epoch: when it began. */
  at: number;
  /** What went wrong; absent: it was answered. */
  error?: string;
}

const LOG = '/run/lab-calls';

/** Calls `url` from a machine ten times a second until `stopCalling`: each with a connection of its own. */
export async function startCalling(machine: string, url: string): Promise<void> {
  const loop = `while [ -e ${LOG}.on ]; do at=$(date +%s%3N); out=$(curl -sS -o /dev/null --max-time 3 ${url} 2>&1); echo "$at $? $out"; sleep 0.1; done >>${LOG}`;
  const { code, stderr } = await execOn(
    machine,
    `: >${LOG}; : >${LOG}.on; systemd-run --quiet --collect --unit=lab-calls bash -c '${loop}'`,
  );
  if (code !== 0) throw new Error(`calling from ${machine}: ${stderr}`);
}

export async function stopCalling(machine: string): Promise<Call[]> {
  const { stdout } = await execOn(machine, `rm -f ${LOG}.on; sleep 4; cat ${LOG}; rm -f ${LOG}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [at, code, ...error] = line.split(' ');
      return {
        machine,
        at: Number(at),
        ...(code === '0' ? {} : { error: error.join(' ') || `curl ${code ?? ''}` }),
      };
    });
}
