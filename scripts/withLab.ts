import { holdLab, labDown, labUp } from '../lab/lab.js';

/**
 * Three machines that are up for `work`, and down when it has ended; nobody else's run takes them away meanwhile.
 *
 * @throws LabBusyError while another process holds the lab, whose machines are left alone.
 */
export async function withLab(
  purpose: string,
  say: (line: string) => void,
  work: () => Promise<void>,
): Promise<void> {
  const release = holdLab(purpose);
  try {
    await labUp(3, { log: say });
    await work();
  } finally {
    await labDown({ purge: true }).finally(release);
  }
}
