import type { Connection, RemoteProcess } from './connection.js';
import { cancelled, connectionLost } from './failures.js';
import { asRoot, commandFailed, notRun } from './rootCommand.js';
import type { ExecResult, MachineSession, MachineTarget } from './types.js';

const OUTPUT_CAP_BYTES = 1024 * 1024;
/** The machine ends a command that is late by itself; if even that is not heard of, the connection is dead. */
const LATE_MS = 15_000;

/** Runs one command as root and waits for its end. See MachineSession.exec. */
export async function exec(
  connection: Connection,
  target: MachineTarget,
  command: string,
  options: NonNullable<Parameters<MachineSession['exec']>[1]> = {},
): Promise<ExecResult> {
  const { stdin, timeoutMs, signal } = options;
  if (signal?.aborted) throw cancelled(target.node);
  const limit =
    timeoutMs === undefined ? [] : ['timeout', '-k', '5', String(Math.ceil(timeoutMs / 1000))];
  const stdout = new CappedOutput();
  const stderr = new CappedOutput();
  const process = await spawn(connection, target, [...limit, '/bin/sh', '-c', command], {
    stdout: (chunk) => stdout.push(chunk),
    stderr: (chunk) => stderr.push(chunk),
  });
  const startedAt = Date.now();
  process.end(stdin);
  const exit = await untilEnd(process, target, {
    signal,
    timeoutMs: timeoutMs && timeoutMs + LATE_MS,
  });
  const code = exit.code ?? 128;
  const refusal = notRun(target, code, stderr.text());
  if (refusal) throw refusal;
  if (
    timeoutMs !== undefined &&
    (code === 124 || code === 137) &&
    Date.now() - startedAt >= timeoutMs
  ) {
    throw commandFailed(
      target,
      'exec',
      `a command did not end within ${String(timeoutMs / 1000)} s`,
    );
  }
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** Starts a command as root; a connection that is gone is ConnectionLost. */
export async function spawn(
  connection: Connection,
  target: MachineTarget,
  words: readonly string[],
  receivers: Parameters<Connection['spawn']>[1],
): Promise<RemoteProcess> {
  try {
    return await connection.spawn(asRoot(target.username, words), receivers);
  } catch (error) {
    throw connectionLost(target.node, error);
  }
}

/**
 * Waits for a command's end, as long as the caller wants to.
 * @throws AppError ConnectionLost, or Cancelled when `signal` aborts: the channel is closed then.
 */
export async function untilEnd(
  process: RemoteProcess,
  target: MachineTarget,
  { signal, timeoutMs }: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined },
): Promise<{ code?: number; signal?: string }> {
  return new Promise((resolve, reject) => {
    const leave = (error: Error): void => {
      process.close();
      reject(error);
    };
    const onAbort = (): void => leave(cancelled(target.node));
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => leave(connectionLost(target.node, new Error('no answer'))), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    process.ended
      .then(resolve, (error: unknown) => reject(connectionLost(target.node, error)))
      .finally(() => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      });
  });
}

/** Keeps the first MiB; the rest is read and dropped, so that the command does not block. */
class CappedOutput {
  #size = 0;
  readonly #chunks: Buffer[] = [];

  push(chunk: Buffer): void {
    const room = OUTPUT_CAP_BYTES - this.#size;
    if (room <= 0) return;
    this.#chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    this.#size += Math.min(chunk.length, room);
  }

  /** Decoded as a whole: a character may be split over chunks. */
  text(): string {
    return new TextDecoder().decode(Buffer.concat(this.#chunks));
  }
}
