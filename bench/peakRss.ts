import { readFile } from 'node:fs/promises';

/** The most memory that a living process ever had resident (VmHWM), in MB of 1,000,000 bytes. */
export async function peakRssMb(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  const kib = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`the kernel tells no VmHWM of process ${String(pid)}`);
  return (Number(kib) * 1024) / 1e6;
}
