import { compileRooms } from '../embedded/compile.js';

/* `node --import tsx scripts/compile.ts FOLDER`: the API and the worker as JavaScript, for the image. */

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: compile.ts FOLDER');
await compileRooms(folder);
