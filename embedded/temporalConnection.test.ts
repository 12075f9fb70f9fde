import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { connect, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';

import { Connection } from '@temporalio/client';
import { temporal as protos } from '@temporalio/proto';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import {
  testAuthority,
  type CertificateFiles,
  type TestAuthority,
} from '../test/fixtures/certificates.js';
import { quietRuntime } from '../test/workflows/environment.js';
import { EXIT_CONFIG, parseStartConfig } from './config.js';
import { startPlinth } from './start.js';
import { startTemporal, type EmbeddedTemporal } from './temporal.js';
import { temporalConnection } from './temporalConnection.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let dir: string;
let temporal: EmbeddedTemporal;
let ca: TestAuthority;
let ofServer: CertificateFiles;
let front: Server;
/** How many came to the front, and how many of them said a word behind it. */
let came = 0;
let through = 0;

/** Temporal as it stands behind mutual TLS: who shows no certificate of the authority's is sent away. */
async function startTlsFront(address: string): Promise<Server> {
  const [host = '', port] = address.split(':');
  const [key, cert, authority] = await Promise.all(
    [ofServer.key, ofServer.cert, ca.cert].map((path) => readFile(path)),
  );
  const server = createServer(
    { key, cert, ca: authority, requestCert: true, ALPNProtocols: ['h2'] },
    (outside) => {
      const inside = connect(Number(port), host);
      outside.once('data', () => (through += 1));
      outside.pipe(inside).pipe(outside);
      for (const socket of [outside, inside]) {
        socket.on('error', () => {
          outside.destroy();
          inside.destroy();
        });
      }
    },
  );
  server.on('connection', () => (came += 1));
  return listening(server);
}

async function listening<T extends Server>(server: T): Promise<T> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

function optionsFor(server: Server, env: NodeJS.ProcessEnv) {
  const { port } = server.address() as AddressInfo;
  const config = parseStartConfig(env);
  return temporalConnection({ ...config, temporalAddress: `127.0.0.1:${String(port)}` });
}

beforeAll(async () => {
  quietRuntime();
  dir = await mkdtemp(join(tmpdir(), 'plinth-temporal-tls-'));
  ca = testAuthority(dir);
  ofServer = ca.sign('server');
  temporal = await startTemporal({ dataDir: join(dir, 'temporal'), host: '127.0.0.1' });
  front = await startTlsFront(temporal.address);
});

afterAll(async () => {
  front.close();
  await temporal.stop();
  await rm(dir, { recursive: true, force: true });
});

test('with the certificates, a client and a worker get through', async () => {
  const client = ca.sign('client');
  const options = optionsFor(front, {
    TEMPORAL_TLS_CLIENT_CERT_PATH: client.cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: client.key,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.cert,
  });
  const [connection, native] = await Promise.all([
    Connection.connect(options),
    NativeConnection.connect(options),
  ]);
  const worker = await Worker.create({
    ...{ connection: native, taskQueue: 'tls', identity: 'behind-tls' },
    activities: { nothing: () => undefined },
  });
  expect(through).toBeGreaterThanOrEqual(2);
  await worker.runUntil(() =>
    vi.waitFor(
      async () => {
        const { pollers } = await connection.workflowService.describeTaskQueue({
          namespace: 'default',
          taskQueue: { name: 'tls' },
          taskQueueType: protos.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        });
        expect(pollers).toMatchObject([{ identity: 'behind-tls' }]);
      },
      { timeout: 20_000, interval: 200 },
    ),
  );
  await Promise.all([connection.close(), native.close()]);
});

test('the programs of their own get through by the same settings, and name one that is wrong', async () => {
  const { cert, key } = ca.sign('program');
  const { port } = front.address() as AddressInfo;
  const env = {
    PATH: process.env['PATH'],
    TEMPORAL_ADDRESS: `127.0.0.1:${String(port)}`,
    TEMPORAL_TLS_CLIENT_CERT_PATH: cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: key,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.cert,
    MONGODB_URI: 'mongodb://nobody.asks.it/',
  };
  const run = (script: string, more: NodeJS.ProcessEnv = {}) =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', script], {
      env: { ...env, ...more },
    });
  // A folder that is there for the API and the worker only.
  const prepared = await run('embedded/prepareTemporal.ts', { PLINTH_ARTIFACTS: '/no/bundle' });
  expect(prepared.stdout).toBe('Temporal is prepared\n');
  expect((await run('worker/versions.ts')).stdout).toContain('VERSION');
  await expect(
    run('embedded/prepareTemporal.ts', { TEMPORAL_TLS_CLIENT_KEY_PATH: '' }),
  ).rejects.toMatchObject({
    code: EXIT_CONFIG,
    stderr: expect.stringMatching(/^TEMPORAL_TLS_CLIENT_KEY_PATH: not set/) as string,
  });
});

test('npm start refuses them where it would bring a Temporal of its own, which has neither', async () => {
  const config = parseStartConfig({ TEMPORAL_API_KEY: 'key', PLINTH_DATA: join(dir, 'data') });
  await expect(startPlinth({ config, env: {}, say: () => undefined })).rejects.toThrow(
    /^TEMPORAL_ADDRESS: not set, but TEMPORAL_API_KEY/,
  );
});

test.each([
  ['no TLS', () => ({})],
  ['no certificate of its own', () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.cert })],
  [
    'no authority to trust the server by',
    () => {
      const { cert, key } = ca.sign('distrustful');
      return { TEMPORAL_TLS_CLIENT_CERT_PATH: cert, TEMPORAL_TLS_CLIENT_KEY_PATH: key };
    },
  ],
  [
    'a certificate of another authority',
    () => {
      const { cert, key } = testAuthority(dir, 'another-ca').sign('stranger');
      return {
        TEMPORAL_TLS_CLIENT_CERT_PATH: cert,
        TEMPORAL_TLS_CLIENT_KEY_PATH: key,
        TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.cert,
      };
    },
  ],
  [
    'another name than the server has',
    () => {
      const { cert, key } = ca.sign('misled');
      return {
        TEMPORAL_TLS_CLIENT_CERT_PATH: cert,
        TEMPORAL_TLS_CLIENT_KEY_PATH: key,
        TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.cert,
        TEMPORAL_TLS_SERVER_NAME: 'somebody.else',
      };
    },
  ],
])('with %s neither a client nor a worker gets through', async (_what, env) => {
  const options = optionsFor(front, env());
  // Both try again and again, and say no more than that they were too late: the front knows why.
  for (const connect of [
    () => Connection.connect({ ...options, connectTimeout: '2 s' }),
    () => NativeConnection.connect(options),
  ]) {
    [came, through] = [0, 0];
    await expect(connect()).rejects.toThrow();
    expect(came).toBeGreaterThan(0);
    expect(through).toBe(0);
  }
});

test("an API key is sent by both, under TLS with the server's name that is set", async () => {
  const seen: (string | undefined)[] = [];
  const server = await startKeyReader((authorization) => seen.push(authorization));
  const options = optionsFor(server, {
    TEMPORAL_API_KEY: 'the-key',
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.cert,
    TEMPORAL_TLS_SERVER_NAME: 'plinth.test',
  });
  await expect(Connection.connect({ ...options, connectTimeout: '5 s' })).rejects.toThrow();
  expect(new Set(seen)).toEqual(new Set(['Bearer the-key']));
  seen.length = 0;
  await expect(NativeConnection.connect(options)).rejects.toThrow();
  expect(new Set(seen)).toEqual(new Set(['Bearer the-key']));
  server.close();
});

/** Refuses every call as unauthenticated. */
async function startKeyReader(
  read: (authorization: string | undefined) => void,
): Promise<Http2SecureServer> {
  const [key, cert] = await Promise.all([readFile(ofServer.key), readFile(ofServer.cert)]);
  const server = createSecureServer({ key, cert });
  server.on('stream', (stream, headers) => {
    read(headers.authorization);
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16' },
      { endStream: true },
    );
  });
  return listening(server);
}
