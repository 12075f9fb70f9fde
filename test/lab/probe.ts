import { execOn } from '../../lab/lab.js';
import type { Kubectl } from './kubectl.js';

/** One call of the API server through a machine's endpoint. */
export interface Probe {
  /** Milliseconds since the epoch: when it began, and when it was answered or given up. */
  from: number;
  to: number;
  /** The HTTP status; 0: there was no answer. */
  status: number;
  /** What was written, of a write. */
  name?: string;
}

export interface Probes {
  reads: Probe[];
  writes: Probe[];
}

const DIR = '/run/lab-probe';
export const NAMESPACE = 'probe';

/*
 * Two loops on a machine, ten times a second each, every call with a connection of its own: one reads a namespace, one
 * makes a ConfigMap of a name that was never used before.
 */
const LOOPS = String.raw`
set -u
cd ${DIR}
field() { sed -n "s/^ *$1: //p" /etc/kubernetes/admin.conf | base64 -d; }
field client-certificate-data >cert; (umask 077; field client-key-data >key)
call() {
  curl -s -o /dev/null -w '%{http_code}' --max-time 5 --cacert /etc/kubernetes/pki/ca.crt --cert cert --key key "$@"
}
read_loop() {
  local from status
  while [ -e on ]; do
    from=$(date +%s%3N); status=$(call "$URL/api/v1/namespaces/${NAMESPACE}")
    echo "$from $(date +%s%3N) $((10#$status))"
    sleep 0.1
  done
}
write_loop() {
  local from status n=0 name
  while [ -e on ]; do
    n=$((n + 1)) name=$1-$n
    from=$(date +%s%3N)
    status=$(call -H 'content-type: application/json' \
      -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"'$name'"}}' "$URL/api/v1/namespaces/${NAMESPACE}/configmaps")
    echo "$from $(date +%s%3N) $((10#$status)) $name"
    sleep 0.1
  done
}
read_loop >reads &
write_loop "$RUN" >writes &
wait
`;

/** `run` begins the names of what is written: one for each start. */
export async function startProbing(machine: string, run: string, url: string): Promise<void> {
  await succeed(machine, `rm -rf ${DIR}; mkdir -m 700 ${DIR}; : >${DIR}/on; cat >${DIR}/loops`, {
    input: LOOPS,
  });
  const environment = `--setenv=RUN='${run}' --setenv=URL='${url}'`;
  await succeed(
    machine,
    `systemd-run --quiet --collect --unit=lab-probe ${environment} bash ${DIR}/loops`,
  );
}

export async function stopProbing(machine: string): Promise<Probes> {
  const read = async (file: string): Promise<Probe[]> =>
    (await succeed(machine, `cat ${DIR}/${file}`))
      .trim()
      .split('\n')
      .map((line) => {
        const [from, to, status, name] = line.split(' ');
        const probe = { from: Number(from), to: Number(to), status: Number(status) };
        return name === undefined ? probe : { ...probe, name };
      });
  await succeed(
    machine,
    `rm -f ${DIR}/on; while systemctl is-active -q lab-probe; do sleep 0.1; done`,
  );
  const probes = { reads: await read('reads'), writes: await read('writes') };
  await succeed(machine, `rm -rf ${DIR}`);
  return probes;
}

export const answered = ({ status }: Probe): boolean => status >= 200 && status < 300;

/** What was written and answered, and whether it is there: `gone` is not. */
export async function answeredWrites(
  writes: readonly Probe[],
  kubectl: Kubectl,
): Promise<{ made: string[]; gone: string[] }> {
  const text = await kubectl(['-n', NAMESPACE, 'get', 'configmaps', '-o', 'name']);
  const there = new Set(text.trim().split('\n'));
  const made = writes.filter(answered).map(({ name }) => `configmap/${name ?? ''}`);
  return { made, gone: made.filter((name) => !there.has(name)) };
}

/** The longest time from one answer to the next: seconds. */
export function longestGap(probes: readonly Probe[]): number {
  const ends = probes.filter(answered).map(({ to }) => to);
  const gaps = ends.slice(1).map((end, index) => end - (ends[index] ?? end));
  return Math.max(0, ...gaps) / 1000;
}

async function succeed(
  machine: string,
  command: string,
  options: { input?: string } = {},
): Promise<string> {
  const { code, stdout, stderr } = await execOn(machine, command, options);
  if (code !== 0) throw new Error(`on ${machine}: ${command}: ${stderr}`);
  return stdout;
}
