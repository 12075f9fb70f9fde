import { join } from 'node:path';

import { ensurePythonPackages, type PythonToolsOptions } from '../embedded/pythonTools.js';

/** Pinned with what it parses by. */
const REQUIREMENTS = ['python-hcl2==8.1.4', 'lark==1.3.1', 'regex==2026.11.19'] as const;

/** The path of `hcl2tojson`, which reads Terraform's language; installed on first use beside the embedded servers. */
export async function ensureHcl(options: PythonToolsOptions = {}): Promise<string> {
  const directory = await ensurePythonPackages(
    {
      ...{ title: 'a parser of HCL', name: 'hcl', requirements: REQUIREMENTS },
      wayOut: 'Install Python 3 with venv',
    },
    options,
  );
  return join(directory, 'bin/hcl2tojson');
}
