import type { ApiContext } from '../env.js';

const YAML = /application\/(x-rafay-|x-)?yaml|text\/(x-)?yaml/;

/** The client asks for YAML, and not also for JSON. */
export function wantsYaml(c: ApiContext): boolean {
  const accept = c.req.header('accept') ?? '';
  return YAML.test(accept) && !accept.includes('application/json');
}

/** Which of its names the client knows YAML by. */
export function yamlTypeOf(c: ApiContext): string {
  const theirs = (c.req.header('accept') ?? '').includes('application/x-rafay-yaml');
  return theirs ? 'application/x-rafay-yaml' : 'application/yaml';
}
