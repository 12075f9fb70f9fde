/** For `toSorted`: the order of nodes in a spec never matters. */
export const byHostname = (a: { hostname: string }, b: { hostname: string }): number =>
  a.hostname < b.hostname ? -1 : 1;
