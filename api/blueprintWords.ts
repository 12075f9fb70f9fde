import type { ApiDeps } from './deps.js';

/** What `spec.blueprint` may name in a project: blueprint → its versions. Those that are built in have none. */
export async function blueprintWords(
  { store, config }: ApiDeps,
  project: string,
): Promise<Map<string, readonly string[]>> {
  const own = await store.blueprints.words(project);
  const words = new Map<string, readonly string[]>();
  for (const name of config.blueprints) words.set(name, []);
  for (const [name, versions] of own) words.set(name, versions);
  return words;
}
