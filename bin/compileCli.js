// `node bin/compileCli.js FOLDER`: the command line bundled, for the image.
import { resolve } from 'node:path';

import { compileCli } from './bundleCli.js';

const [, , folder] = process.argv;
if (folder === undefined) throw new Error('usage: compileCli.js FOLDER');
await compileCli(resolve(folder));
