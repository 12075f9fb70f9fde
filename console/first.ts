import type { ConsoleFirst } from '../core/consoleModel.js';

/** What the server sent in the page, for once; null: nothing that was known in time, and the page asks for it. */
export function firstView(): ConsoleFirst | null {
  const element = document.getElementById('first');
  element?.remove();
  try {
    return JSON.parse(element?.textContent ?? 'null') as ConsoleFirst | null;
  } catch {
    return null;
  }
}
