import { THEME_COOKIE, themeIn, THEMES, type Theme } from '../core/consoleTheme.js';

const YEAR_S = 365 * 24 * 3600;

let chosen: Theme = 'auto';

/** Shows the page in the theme that was chosen here before; `auto` is that of the computer. */
export function startTheme(): void {
  wearTheme(themeIn(document.cookie));
  document.documentElement.dataset['theme'] = chosen;
}

/** What the words say; without a look at the page, which the server has none of. */
export function wearTheme(theme: Theme): void {
  chosen = theme;
}

export function themeWord(): string {
  return { auto: 'as the computer’s', light: 'light', dark: 'dark' }[chosen];
}

/** Kept in a cookie, so that the server sends the page in it. */
export function nextTheme(): void {
  chosen = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length] ?? 'auto';
  document.cookie = `${THEME_COOKIE}=${chosen}; path=/; max-age=${String(YEAR_S)}; samesite=lax`;
  document.documentElement.dataset['theme'] = chosen;
}
