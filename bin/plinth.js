#!/usr/bin/env node
// The command line of plinth; it is TypeScript, run by tsx.
import { register } from 'tsx/esm/api';

register();
await import('../cli/main.ts');
