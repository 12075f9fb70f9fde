import { readFile } from 'node:fs/promises';

/** proc(5): times are told in ticks of 1/100 s, whatever the kernel counts in. */
const TICKS_PER_SECOND = 100;

/** The processor time that a living process has used so far, seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
