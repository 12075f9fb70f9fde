/** The number that a text of digits means; undefined for any other text and beyond the limits. */
export function parseWholeNumber(
  text: string,
  [least, most]: readonly [least: number, most: number],
): number | undefined {
  if (!/^\d{1,9}$/.test(text)) return undefined;
  const number = Number(text);
  return number < least || number > most ? undefined : number;
}
