import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { serve } from '../../api/server.js';
import { runProgram, type ProgramOptions } from '../../cli/program.js';
import type { Cluster } from '../../core/cluster.js';
import {
  CommonConditionStatus,
  OperationName,
  OperationStatus,
  TasksetStatus,
} from '../../core/words.js';
import { openTestApi, uniqueCluster, type TestApi } from '../api/openTestApi.js';

/** The command line and the API in this process: a test plays the worker, and whoever sits at the terminal. */
export interface CliInProcess {
  api: TestApi;
  url: string;
  folder: string;
  /** Its commands are of this project. */
  project: string;
  nextProject(): Promise<void>;
  run(args: string, more?: Partial<ProgramOptions>): Promise<Ran>;
  /** A file in the folder with these documents. */
  write(name: string, ...documents: object[]): string;
  cluster(name: string, change?: (cluster: Cluster) => void): Cluster;
  /** Gives the id. */
  apply(name: string): Promise<string>;
  /** A taskset under way on an applied cluster. Gives its id. */
  begin(name: string): Promise<string>;
  end(name: string, taskset: string, well: boolean): Promise<void>;
  close(): Promise<void>;
}

interface Ran {
  code: number;
  out: string;
  err: string;
}

export async function openCliInProcess(): Promise<CliInProcess> {
  const api = await openTestApi();
  const server = await serve(api.app, { host: '127.0.0.1', port: 0 });
  const folder = mkdtempSync(join(tmpdir(), 'plinth-cli-'));
  let [sites, tasksets] = [0, 0];
  const idOf = async (name: string) => (await store.clusters.get(world.project, name))!.id;
  const { store } = api.deps;

  const world: CliInProcess = {
    ...{ api, folder, url: server.url, project: '' },
    async nextProject() {
      world.project = await api.project();
    },
    async run(args, more = {}) {
      const [out, err]: [string[], string[]] = [[], []];
      const code = await runProgram(args.split(' '), {
        out: (line) => out.push(line),
        err: (line) => err.push(line),
        screen: { print: (lines) => out.push(...lines), picture: () => undefined },
        ...more,
        env: {
          ...{ HOME: folder, PLINTH_URL: server.url, PLINTH_API_KEY: api.adminKey },
          ...{ PLINTH_PROJECT: world.project, ...more.env },
        },
      });
      return { code, out: out.join('\n'), err: err.join('\n') };
    },
    write(name, ...documents) {
      const file = join(folder, name);
      writeFileSync(file, documents.map((document) => stringify(document)).join('---\n'));
      return file;
    },
    cluster(name, change) {
      sites += 1;
      const cluster = uniqueCluster(world.project, name, sites);
      change?.(cluster);
      return cluster;
    },
    async apply(name) {
      const file = world.write(`${name}.yaml`, world.cluster(name));
      const { code, err } = await world.run(`apply -f ${file}`);
      if (code !== 0) throw new Error(err);
      return idOf(name);
    },
    async begin(name) {
      tasksets += 1;
      const of = { name: OperationName.ClusterDeletion, workflowId: 'w', resourceName: name };
      const { id } = await store.tasksets.begin({
        ...{ id: `cli${String(tasksets).padStart(4, '0')}`, clusterId: await idOf(name) },
        ...{ generation: 1, status: TasksetStatus.InProgress, comments: 'it is done' },
        operations: [{ ...of, status: OperationStatus.InProgress, nodes: [] }],
        plan: [{ name: of.name, reason: 'asked for', leave: [], clusterSteps: [], nodes: [] }],
      });
      return id;
    },
    async end(name, taskset, well) {
      const status = well ? OperationStatus.Success : OperationStatus.Failed;
      await store.tasksets.setOperation(taskset, 0, { status });
      await store.tasksets.end(
        taskset,
        well ? TasksetStatus.Complete : TasksetStatus.Failed,
        'done',
      );
      await store.clusters.setCommonStatus(await idOf(name), {
        conditionStatus: well ? CommonConditionStatus.Ok : CommonConditionStatus.Failed,
        reason: well ? 'it is applied' : `reset failed on m1 of ${name}`,
        ...{ sequence: 1, generation: 1 },
      });
    },
    async close() {
      await server.stop();
      await api.close();
      rmSync(folder, { recursive: true });
    },
  };
  await world.nextProject();
  return world;
}
