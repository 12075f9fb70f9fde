import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { createAdaptorServer } from '@hono/node-server';

import type { ApiEnv } from './env.js';
import { refuseBrokenRequest } from './http/brokenRequest.js';

/** Running requests get this long at shutdown. */
const GRACE_MS = 10_000;
const IDLE_CHECK_MS = 50;

export interface ServeOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** PEM texts; absent: plain HTTP. */
  tls?: { cert: string; key: string };
}

export interface ApiServer {
  /** E.g. `http://127.0.0.1:8080`. */
  url: string;
  port: number;
  /** Takes no new requests, ends event streams, waits for running requests up to 10 s. */
  stop(): Promise<void>;
}

interface FetchApp {
  fetch(request: Request, env: ApiEnv['Bindings']): Response | Promise<Response>;
}

/** Listens. Fails with Node's own error (EADDRINUSE, EACCES, …) when it cannot. */
export async function serve(app: FetchApp, options: ServeOptions): Promise<ApiServer> {
  const stopping = new AbortController();
  const server = createAdaptorServer({
    fetch: (request: Request, env: object) =>
      app.fetch(request, { ...env, stopping: stopping.signal }),
    ...(options.tls === undefined
      ? {}
      : { createServer: createHttpsServer, serverOptions: options.tls }),
  });
  server.on('clientError', refuseBrokenRequest);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const scheme = options.tls === undefined ? 'http' : 'https';
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `${scheme}://${host}:${String(port)}`,
    port,
    stop: () =>
      new Promise((resolve, reject) => {
        stopping.abort();
        const late = setTimeout(() => {
          if ('closeAllConnections' in server) server.closeAllConnections();
        }, GRACE_MS);
        // Connections that become idle from now on would be kept alive for the next request.
        const idle = setInterval(() => {
          if ('closeIdleConnections' in server) server.closeIdleConnections();
        }, IDLE_CHECK_MS);
        server.close((error) => {
          clearTimeout(late);
          clearInterval(idle);
          if (error === undefined) resolve();
          else reject(error);
        });
      }),
  };
}
