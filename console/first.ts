import type { ConsoleFirst } from '../core/consoleModel.js';

/** What the server sent in the page; null: nothing, the page asks for it. */
export function firstView(): ConsoleFirst | null {
  const text = document.getElementById('first')?.textContent ?? 'null';
  return JSON.parse(text) as ConsoleFirst | null;
}
