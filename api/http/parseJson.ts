import { AppError } from '../../core/errors.js';
import { checked, malformed } from '../../core/spec/yamlText.js';
import { jsonDefect } from './jsonDefect.js';

/**
 * What a JSON text says.
 * @throws AppError InvalidRequest with line and column when it is not JSON.
 */
export function parseJson(text: string): unknown {
  try {
    return checked(JSON.parse(text) as unknown);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const defect = jsonDefect(text) ?? { offset: 0, reason: 'not JSON' };
    throw malformed('JSON', [`${position(text, defect.offset)}: ${defect.reason}`]);
  }
}

function position(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - (before.lastIndexOf('\n') + 1) + 1;
  return `line ${String(line)}, column ${String(column)}`;
}
