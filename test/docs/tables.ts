/** A section of a page: what stands below the heading of that title, up to the next of its level or above. */
export function sectionOf(markdown: string, title: string): string {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === title);
  if (start === -1) throw new Error(`there is no section ${JSON.stringify(title)}`);
  const level = lines[start]?.indexOf(' ') ?? 0;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= level);
  return rest.slice(0, end === -1 ? undefined : end).join('\n');
}

/** Cells of every row of the tables of a text, without their heads. */
export function tableRows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line, at, all) => line.startsWith('| ') && !all[at + 1]?.startsWith('|---'))
    .map((line) =>
      line
        .slice(1)
        .replace(/\|$/, '')
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

/** What stands in backquotes. */
export function codeOf(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}
