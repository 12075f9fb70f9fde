/**
 * From here on the first SIGINT or SIGTERM kills nobody: whoever asks is told that one came, takes the lab down and ends.
 *
 * @returns whether one has come.
 */
export function watchInterruption(say: (line: string) => void): () => boolean {
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupted = true;
      say(`plinth: ${signal}: taking the lab down first …`);
    });
  }
  return () => interrupted;
}
