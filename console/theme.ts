const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const KEY = 'plinth-theme';

function theme(): Theme {
  try {
    return THEMES.find((one) => one === localStorage.getItem(KEY)) ?? 'auto';
  } catch {
    // A browser that keeps nothing for this page.
    return 'auto';
  }
}

/** Shows the page in the theme that was chosen here before; `auto` is that of the computer. */
export function startTheme(): void {
  document.documentElement.dataset['theme'] = theme();
}

export function themeWord(): string {
  return { auto: 'as the computer’s', light: 'light', dark: 'dark' }[theme()];
}

export function nextTheme(): void {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length] ?? 'auto';
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Then it is for this page only.
  }
  document.documentElement.dataset['theme'] = next;
}
