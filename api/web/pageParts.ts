import { createHash } from 'node:crypto';

import { consoleFiles, onceMade, type ServedFile } from './consoleFiles.js';

/** The page in the pieces between which something is put in. */
export interface PageParts {
  /** Up to where what it shows first stands. */
  head: string;
  /** From there to where the data stand that this was made of; see console/first.ts. */
  middle: string;
  tail: string;
  /** Where its styles come from, in the words of a content security policy. */
  styles: string;
}

const MARKS = /<!-- view -->|<!-- first -->/;
const SCRIPT = /\s*<script type="module"[^>]*><\/script>/;
const STYLE = /<link rel="stylesheet" href="\/assets\/([^"]*)" \/>/;

/**
 * The page as it is for everybody, and as it is when it comes with what it shows: its style sheet in it, its script last and
 * waited for by nothing, so that it is to be seen as soon as it is there.
 */
export const pageParts = onceMade(async (): Promise<Record<'plain' | 'shown', PageParts>> => {
  const files = await consoleFiles();
  const page = text(files.get('index.html'));
  const [script = ''] = SCRIPT.exec(page) ?? [];
  const [link = '', name = ''] = STYLE.exec(page) ?? [];
  const css = text(files.get(name));
  const shown = page
    .replace(script, '')
    .replace(link, () => `<style>${css}</style>`)
    .replace('</body>', `${script.replace(' blocking="render"', '')}</body>`);
  const hash = createHash('sha256').update(css).digest('base64');
  return { plain: cut(page, "'self'"), shown: cut(shown, `'self' 'sha256-${hash}'`) };
});

function cut(page: string, styles: string): PageParts {
  const [head, middle, tail] = page.split(MARKS);
  if (tail === undefined || head === undefined || middle === undefined) {
    throw new Error('console/index.html has no marks for what it shows first');
  }
  return { head, middle, tail, styles };
}

function text(file: ServedFile | undefined): string {
  return new TextDecoder().decode(file?.forms.identity);
}
