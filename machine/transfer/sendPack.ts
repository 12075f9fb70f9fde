import type { Artifact } from '../../core/artifacts.js';
import type { RemoteProcess } from '../connection.js';
import type { Answers } from './answers.js';
import { corrupt } from './corrupt.js';
import { sendBytes, type SendOptions } from './sendBytes.js';
import { TAR_END, tarHeader, tarPadding, tarSize } from './tar.js';

/** Of a small file the processes that take it in are the time, not its bytes. */
const SMALL = 4 * 1024 * 1024;
/** A pack that is cut off is sent anew. */
const PACK = 32 * 1024 * 1024;

/** Files that go together in one archive: small ones of which the machine has nothing yet. */
export function packOf(missing: readonly { artifact: Artifact; present: number }[]): Artifact[] {
  const pack: Artifact[] = [];
  let total = 0;
  for (const { artifact, present } of missing) {
    if (present > 0 || artifact.size > SMALL || total + artifact.size > PACK) continue;
    total += artifact.size;
    pack.push(artifact);
  }
  return pack.length > 1 ? pack : [];
}

/**
 * Sends all of them as one archive.
 * @returns false when somebody else had sent them meanwhile.
 * @throws AppError ArtifactMissing or ArtifactCorrupt naming the file that is not what the index says.
 */
export async function sendPack(
  process: RemoteProcess,
  answers: Answers,
  pack: readonly Artifact[],
  options: Omit<SendOptions, 'from' | 'check'>,
): Promise<boolean> {
  const rows = pack.map(({ sha256, size }) => `${sha256} ${String(size)}\n`);
  const total = tarSize(pack.map(({ size }) => size));
  await process.write(`pack ${String(pack.length)} ${String(total)}\n${rows.join('')}`);
  const [word] = await answers.next();
  if (word === 'ok') return false;
  const check = (): void => answers.check();
  for (const artifact of pack) {
    await process.write(tarHeader(artifact.sha256, artifact.size));
    await sendBytes(process, artifact, { ...options, from: 0, check });
    await process.write(tarPadding(artifact.size));
  }
  await process.write(TAR_END);
  const [verdict, sha = ''] = await answers.next();
  const bad = pack.find(({ sha256 }) => sha256 === sha);
  if (verdict !== 'ok' && bad !== undefined) throw corrupt(bad, 'its SHA-256 is another one');
  return true;
}
