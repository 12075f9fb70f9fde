/** What plinth brings beside Kubernetes and its network, as one version: `platformVersion`. */
export interface PlatformRow {
  version: string;
  /** Of containernetworking/plugins. */
  cniPlugins: string;
  metricsServer: string;
}

/** Oldest first; the last is taken where a spec names none. */
const PLATFORM_ROWS = [
  { version: 'v1.0.0', cniPlugins: 'v1.7.1', metricsServer: 'v0.8.0' },
] as const satisfies readonly PlatformRow[];

/** The words that `platformVersion` may have, oldest first. */
export function platformVersions(): readonly string[] {
  return PLATFORM_ROWS.map(({ version }) => version);
}

/** The versions that a spec asks for; undefined for a word that validation refuses. */
export function platformRow(version: string | undefined): PlatformRow | undefined {
  if (version === undefined) return PLATFORM_ROWS.at(-1);
  return PLATFORM_ROWS.find((row) => row.version === version);
}
