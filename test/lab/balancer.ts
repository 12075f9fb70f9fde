import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A load balancer such as people have in front of their control planes: it passes TCP through to who accepts it. */
export interface Balancer {
  /** Until it is told to, it sends everybody away, as one that has not seen its targets healthy. */
  forward(): void;
  /** Connections passed on, by target. */
  readonly passed: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** How long a target has to accept: milliseconds. */
const PATIENCE = 1000;

export async function startBalancer(
  listen: { host: string; port: number },
  targets: readonly string[],
): Promise<Balancer> {
  let forwards = false;
  let turn = 0;
  const passed = new Map<string, number>();
  const sockets = new Set<Socket>();

  const hold = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  };
  const pass = (client: Socket, left: readonly string[]): void => {
    const [target, ...others] = left;
    if (target === undefined) {
      client.destroy();
      return;
    }
    const server = connect({ host: target, port: 6443 });
    hold(server);
    server.setTimeout(PATIENCE, () => server.destroy());
    let accepted = false;
    server.once('connect', () => {
      accepted = true;
      server.setTimeout(0);
      passed.set(target, (passed.get(target) ?? 0) + 1);
      client.pipe(server).pipe(client);
    });
    server.once('close', () => {
      if (accepted) client.destroy();
      else pass(client, others);
    });
    client.once('close', () => server.destroy());
  };

  const server = createServer((client) => {
    hold(client);
    if (!forwards) {
      client.destroy();
      return;
    }
    turn += 1;
    const first = turn % targets.length;
    pass(client, [...targets.slice(first), ...targets.slice(0, first)]);
  }).listen(listen);
  await once(server, 'listening');
  return {
    passed,
    forward: () => {
      forwards = true;
    },
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
