/** Columns as wide as their widest cell; the last one as it is. */
export function table(
  rows: readonly (readonly string[])[],
  paint: (cell: string, column: number) => string = (cell) => cell,
): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const isLast = column === row.length - 1;
        return paint(isLast ? cell : cell.padEnd(widths[column] ?? 0), column);
      })
      .join('  ')
      .trimEnd(),
  );
}
