import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { AuthContext, Connection, ServerChannel } from 'ssh2';

import type { MachineTarget } from '../../machine/types.js';
import { testKey } from './keys.js';

export interface SshServerOptions {
  /** Private host keys; default: one ed25519. */
  hostKeys?: string[];
  /** What an exec does; default: exit 0. */
  onExec?(command: string, channel: ServerChannel): void;
  authorize?(context: AuthContext): boolean;
  /** So many TCP connections are closed before the SSH banner, as sshd does under load. */
  dropFirst?: number;
  /** One of this computer's; default: 127.0.0.1. */
  address?: string;
  /** Accepts TCP and never says a word. */
  silent?: boolean;
  /** Never answers when it is to connect somewhere else, as a bastion before a dead network does not. */
  deadNetwork?: boolean;
  /** Channels that one connection may have open; further ones are refused, as by MaxSessions. */
  maxSessions?: number;
}

/** An SSH server in this process that misbehaves on demand. */
export interface SshServer {
  port: number;
  target: MachineTarget;
  /** TCP connections so far. */
  accepted: number;
  logins: number;
  /** Connections that are open now. */
  readonly open: number;
  /** The most channels that one moment had open. */
  peakChannels: number;
  /** Cuts every connection, as a reset does. */
  cut(): void;
  /** From now on nothing is heard of it: packets to it go nowhere, as to a machine without power. */
  freeze(): void;
  close(): Promise<void>;
}

const sharedKey = testKey();

/** Starts it on a free port. */
export async function startSshServer(options: SshServerOptions = {}): Promise<SshServer> {
  const sockets = new Set<Socket>();
  let channels = 0;
  let frozen = false;
  const ssh = new ssh2.Server(
    { hostKeys: options.hostKeys ?? [sharedKey.privateKey] },
    (client) => {
      client.on('error', () => undefined);
      client.on('authentication', (context) => {
        if (options.authorize?.(context) ?? context.method === 'publickey') context.accept();
        else context.reject(['publickey']);
      });
      client.on('ready', () => {
        server.logins++;
        serve(client);
      });
    },
  );

  function serve(client: Connection): void {
    client.on('session', (accept, reject) => {
      if (channels >= (options.maxSessions ?? 100)) {
        reject();
        return;
      }
      server.peakChannels = Math.max(server.peakChannels, ++channels);
      const session = accept();
      session.on('close', () => channels--);
      session.on('exec', (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        channel.on('error', () => undefined);
        if (options.onExec) options.onExec(command, channel);
        else finish(channel, 0);
      });
    });
    client.on('tcpip', (accept, reject, { destIP, destPort }) => {
      if (options.deadNetwork) return;
      const socket = connect(destPort, destIP);
      socket.once('error', () => reject());
      socket.once('connect', () => {
        const channel = accept();
        channel.on('error', () => socket.destroy());
        socket.on('error', () => channel.close());
        channel.pipe(socket).pipe(channel);
      });
    });
  }

  const listener = createServer((socket) => {
    server.accepted++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    if (server.accepted <= (options.dropFirst ?? 0)) socket.destroy();
    else if (!options.silent && !frozen) ssh.injectSocket(socket);
  });
  const { address: host = '127.0.0.1' } = options;
  listener.listen(0, host);
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const server: SshServer = {
    port,
    target: {
      node: 'n1',
      host,
      port,
      username: 'root',
      privateKey: sharedKey.privateKey,
    },
    accepted: 0,
    logins: 0,
    get open() {
      return sockets.size;
    },
    peakChannels: 0,
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    freeze: () => {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    close: async () => {
      server.cut();
      listener.close();
      await once(listener, 'close');
    },
  };
  return server;
}

/** Ends an exec with an exit status. */
export function finish(channel: ServerChannel, code: number): void {
  channel.exit(code);
  channel.end();
}
