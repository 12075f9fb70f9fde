/** What the console sends along with each change: a form or an image of another site cannot. */
export const CONSOLE_HEADER = 'x-plinth-console';
