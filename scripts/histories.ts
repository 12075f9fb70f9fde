import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { openWorkflowTests } from '../test/workflows/environment.js';
import { encodeHistory, HISTORIES, historiesUnder } from '../test/workflows/histories.js';
import { scenarios } from '../test/workflows/scenarios.js';

/*
 * `npm run histories`: plays every scenario with today's workflows and keeps their histories, which
 * workflows/replay.test.ts replays from then on. Only for workflows that are new, or were changed behind `patched()`.
 */

const tests = await openWorkflowTests();
await rm(HISTORIES, { recursive: true, force: true });
for (const { name, options, run } of scenarios()) {
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
    const place = id === root ? 'cluster' : id.split('/').slice(4).join('-');
    const file = join(HISTORIES, name, `${place}.pb`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, encodeHistory(id, history));
    process.stdout.write(`${file.slice(HISTORIES.length + 1)}\n`);
  }
}
await tests.close();
