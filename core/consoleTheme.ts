export const THEMES = ['auto', 'light', 'dark'] as const;
/** `auto`: as the computer says. */
export type Theme = (typeof THEMES)[number];

export const THEME_COOKIE = 'plinth-theme';

/** The theme that the cookies of a request or of a page name: `auto` where they name none. */
export function themeIn(cookies: string): Theme {
  const cookie = cookies.split(/; */).find((one) => one.startsWith(`${THEME_COOKIE}=`));
  return THEMES.find((theme) => cookie === `${THEME_COOKIE}=${theme}`) ?? 'auto';
}
