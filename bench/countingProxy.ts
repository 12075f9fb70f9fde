import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

export interface CountingProxy {
  port: number;
  /** Messages of MongoDB's wire protocol that clients have sent so far. */
  readonly requests: number;
  close(): Promise<void>;
}

/** Stands before a MongoDB server and counts what it is asked: the length comes first in each message. */
export async function startCountingProxy(host: string, port: number): Promise<CountingProxy> {
  let requests = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, host);
    let left = 0;
    let head = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      let rest = Buffer.concat([head, chunk]);
      head = Buffer.alloc(0);
      while (rest.length > 0) {
        if (left === 0) {
          if (rest.length < 4) {
            head = rest;
            break;
          }
          left = rest.readInt32LE(0);
          requests += 1;
        }
        const taken = Math.min(left, rest.length);
        left -= taken;
        rest = rest.subarray(taken);
      }
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    }
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get requests() {
      return requests;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
