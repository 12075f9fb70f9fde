import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { openWorkflowTests } from '../test/workflows/environment.js';
import { encodeHistory, HISTORIES, historiesUnder } from '../test/workflows/histories.js';
import { scenarios } from '../test/workflows/scenarios.js';

/*
 * `npm run histories [-- NAME…]`: plays every scenario, or those that are named, with today's workflows and keeps their histories, which
 * workflows/replay.test.ts replays from then on. Only for workflows that are new, or were changed behind `patched()`.
 */

const tests = await openWorkflowTests();
const asked = process.argv.slice(2);
for (const { name, options, run, nodes } of scenarios()) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  // What older plinths recorded, and no scenario of today makes, stays.
  await rm(join(HISTORIES, name), { recursive: true, force: true });
  let root = '';
  await tests.run(options, {
    ...run,
    during: async (handle) => {
      root = handle.workflowId;
      await run?.during?.(handle);
    },
  });
  for (const [id, history] of await historiesUnder(tests.environment.client, root)) {
    // `cluster/p/c/TASKSET/1-ClusterCreation/m1`; the cluster's own has no operation.
    const of = id.split('/')[0] ?? '';
    const below = id.split('/').slice(4).join('-');
    const node = id.split('/')[5];
    if (node !== undefined && nodes?.includes(node) === false) continue;
    const place = below !== '' ? below : id === root ? of : id.replaceAll('/', '-');
    const file = join(HISTORIES, name, `${place}.pb`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, encodeHistory(id, history));
    process.stdout.write(`${file.slice(HISTORIES.length + 1)}\n`);
  }
}
await tests.close();
