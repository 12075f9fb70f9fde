import { join } from 'node:path';

import { ensurePythonPackages, type PythonToolsOptions } from '../embedded/pythonTools.js';

/** Pinned with what makes its requests, so that a seed means the same requests everywhere. */
const REQUIREMENTS = [
  'schemathesis==4.32.5',
  'hypothesis==6.170.15',
  'hypothesis-graphql==0.13.5',
  'jsonschema_rs==0.60.3',
] as const;

/** The path of schemathesis, installed on first use beside the embedded servers. */
export async function ensureSchemathesis(options: PythonToolsOptions = {}): Promise<string> {
  const directory = await ensurePythonPackages(
    {
      ...{ title: 'schemathesis', name: 'schemathesis', requirements: REQUIREMENTS },
      wayOut: 'Install Python 3 with venv',
    },
    options,
  );
  return join(directory, 'bin/schemathesis');
}
