#!/usr/bin/env node
// The command line of plinth: its bundle, which starts in a fifth of the time that its TypeScript takes.
import * as nodeModule from 'node:module';

import { bundleCli, currentBundle } from './bundleCli.js';

// From Node 22 on: the next start need not compile it again.
nodeModule.enableCompileCache?.();

const bundle = currentBundle() ?? (await bundleCli().catch(() => undefined));
if (bundle === undefined) {
  // Where nothing can be written, or esbuild is not there for this platform.
  const { register } = await import('tsx/esm/api');
  register();
  await import('../cli/main.ts');
} else {
  await import(bundle);
}
