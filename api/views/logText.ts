import type { StepLogChunk } from '../../core/records.js';

/** Step output as text; a line above each run says whose it is, unless all of it is of one run. */
export function logText(chunks: readonly StepLogChunk[]): string {
  const runs = new Set(chunks.map(runOf));
  let current: string | undefined;
  const lines: string[] = [];
  for (const chunk of chunks) {
    const run = runOf(chunk);
    if (runs.size > 1 && run !== current) lines.push(`==> ${run}`);
    current = run;
    for (const line of chunk.lines) lines.push(line);
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** Only the lines that hold `text`, in whatever case; chunks without one are left out. */
export function linesWith<T extends StepLogChunk>(chunks: readonly T[], text: string): T[] {
  const wanted = text.toLowerCase();
  return chunks
    .map((chunk) => ({
      ...chunk,
      lines: chunk.lines.filter((line) => line.toLowerCase().includes(wanted)),
    }))
    .filter(({ lines }) => lines.length > 0);
}

function runOf({ operation, node, step, subject, attempt }: StepLogChunk): string {
  const whose = subject === undefined ? '' : ` for ${subject}`;
  return `${operation}: node ${node}, step ${step}${whose}, attempt ${attempt}`;
}
