import { expect, test } from 'vitest';

import { CommonConditionStatus, NodeStatus } from '../../core/words.js';
import { CliError, type StreamingClient } from '../client.js';
import { plain } from '../colours.js';
import { ExitCode } from '../exitCodes.js';
import type { CommandContext } from '../program.js';
import { waitAndReport, waitForAll } from './wait.js';

const { Ok, Failed } = CommonConditionStatus;
const restarts = new CliError('the API cannot be reached', ExitCode.Unavailable);
const refused = new CliError('no', ExitCode.Denied, [], 401);

/** A terminal, and a server whose clusters stand so; what their nodes say it does not tell any more. */
function world(
  clusters: Record<string, CommonConditionStatus | CliError>,
  interrupted = new AbortController().signal,
) {
  const [out, err, asked]: [string[], string[], string[]] = [[], [], []];
  const answer = (path: string): unknown => {
    asked.push(path);
    if (path.includes('/nodes?')) throw restarts;
    const [, name = ''] = /clusters\/([^/]+)\/status$/.exec(path) ?? [];
    const found = clusters[name];
    if (found instanceof CliError) throw found;
    return {
      metadata: { name },
      status: {
        ...{ id: 'id', lastTasksets: [], conditions: [] },
        commonStatus: { conditionStatus: found, reason: `so is ${name}` },
        mks: { nodes: [{ hostname: 'm1', status: NodeStatus.Failed }] },
      },
    };
  };
  const client = { getJson: async (path: string) => answer(path) } as unknown as StreamingClient;
  const context = {
    ...{ out: (line: string) => out.push(line), err: (line: string) => err.push(line) },
    ...{ screen: { print: () => undefined, picture: () => undefined }, paint: plain },
    interrupt: () => interrupted,
  } as unknown as CommandContext;
  return { context, session: { client, server: '', project: 'p' }, out, err, asked };
}

test('a cluster that failed is shown, with 1, where the server goes before its nodes are read', async () => {
  const { context, session, out, err } = world({ one: Failed });
  await expect(waitAndReport(context, session, 'one')).rejects.toMatchObject({
    ...{ exitCode: ExitCode.OperationFailed, message: 'so is one' },
  });
  expect(out.join()).toContain('FAILED: so is one');
  expect(err).toEqual(['what its nodes say is not known: the API cannot be reached']);
});

test('the clusters after it are reported none the less', async () => {
  const { context, session, out } = world({ one: Failed, two: Ok });
  await expect(waitForAll(context, session, ['one', 'two'], {})).rejects.toMatchObject({
    ...{ exitCode: ExitCode.OperationFailed, message: '1 of 2 clusters are not READY' },
  });
  expect(out.join()).toContain('READY: so is two');
});

test('what has failed is told also where the server cannot be asked for the rest', async () => {
  const { context, session } = world({ one: Failed, two: refused, three: Ok });
  await expect(waitForAll(context, session, ['one', 'two', 'three'], {})).rejects.toMatchObject({
    exitCode: ExitCode.OperationFailed,
    message: '3 of 3 clusters are not known to be READY',
    problems: [
      { path: 'one', message: 'so is one' },
      { path: 'two', message: 'no' },
      { path: 'three', message: 'was not looked at any more' },
    ],
  });
});

test('after Ctrl-C none is looked at any more', async () => {
  const { context, session, asked } = world({ one: Ok, two: Ok }, AbortSignal.abort());
  await expect(waitForAll(context, session, ['one', 'two'], {})).rejects.toMatchObject({
    ...{ exitCode: ExitCode.Interrupted, message: '2 of 2 clusters are not known to be READY' },
  });
  expect(asked).toEqual([]);
});
