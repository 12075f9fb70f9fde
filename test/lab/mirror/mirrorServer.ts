import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';

/** What a mirror serves, by path: a file of this computer, or a text; with its media type where that matters. */
export type Served = ({ file: string } | { text: string }) & { type?: string };

export interface MirrorServer {
  readonly url: string;
  /** Paths that were asked for and served, each once, in the order of the first request. */
  readonly served: ReadonlySet<string>;
  /** Paths that were asked for and are not there. */
  readonly missed: ReadonlySet<string>;
  stop(): Promise<void>;
}

/** A static server, as any web server with a folder of files would be. */
export async function startMirrorServer(
  host: string,
  tree: ReadonlyMap<string, Served>,
): Promise<MirrorServer> {
  const served = new Set<string>();
  const missed = new Set<string>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://mirror').pathname);
    const found = tree.get(path);
    if (found === undefined) {
      missed.add(path);
      response.writeHead(404).end();
      return;
    }
    served.add(path);
    void sizeOf(found).then((size) => {
      response.writeHead(200, {
        'content-length': size,
        'content-type': found.type ?? 'application/octet-stream',
      });
      if (request.method === 'HEAD') response.end();
      else if ('text' in found) response.end(found.text);
      else createReadStream(found.file, { highWaterMark: 1 << 20 }).pipe(response);
    });
  });
  const port = await listen(server, host);
  return {
    url: `http://${host}:${String(port)}`,
    served,
    missed,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function sizeOf(served: Served): Promise<number> {
  return 'text' in served ? Buffer.byteLength(served.text) : (await stat(served.file)).size;
}

async function listen(server: Server, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
