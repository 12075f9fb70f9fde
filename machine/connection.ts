import type { NodeSSH } from 'node-ssh';
import type { Client, ClientChannel } from 'ssh2';

import { Slots } from './slots.js';
import type { SeenHostKey } from './types.js';

/** sshd's MaxSessions is 10 by default; a person's own multiplexed session may need one. */
const MAX_CHANNELS = 8;

/** How a remote command ended: both undefined means that the connection went first. */
export interface Exit {
  code?: number;
  signal?: string;
}

export interface Receivers {
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
}

/** A command on the machine. */
export interface RemoteProcess {
  /** Resolves when the other side has room for more, or is gone (which `ended` tells); never rejects. */
  write(data: string | Buffer): Promise<void>;
  /** Closes its stdin. */
  end(data?: string | Buffer): void;
  /** Gives up on it; what it does on the machine is its own affair. */
  close(): void;
  /** Rejects when the connection is lost before the command's end is known. */
  readonly ended: Promise<Exit>;
}

/** One authenticated SSH connection with a bounded number of channels. */
export class Connection {
  /** Known once the handshake is over. */
  hostKey: SeenHostKey = { key: '', fingerprint: '' };
  /** Of the bastion that it goes through. */
  bastionHostKey?: SeenHostKey;
  /** Resolves, with the cause if one is known, when the connection is gone. */
  readonly lost: Promise<Error>;
  readonly #whenLost = new Set<(cause: Error) => void>();
  /** Channels that are open or being opened. */
  #open = 0;
  #closed = false;
  readonly #ssh: NodeSSH;
  readonly #client: Client;
  readonly #channels = new Slots(MAX_CHANNELS);

  /** Must be made before the handshake: an error event that nobody listens to ends the process. */
  constructor(ssh: NodeSSH, client: Client) {
    this.#ssh = ssh;
    this.#client = client;
    this.lost = new Promise((resolve) => {
      const gone = (cause?: Error): void => {
        if (this.#closed) return;
        this.#closed = true;
        const error = cause ?? new Error('the connection was closed');
        this.#channels.fail(error);
        for (const tell of this.#whenLost) tell(error);
        resolve(error);
      };
      client.on('error', gone);
      client.once('end', () => gone());
      client.once('close', () => gone());
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#ssh.dispose();
  }

  /** Starts a command. Waits while too many channels are open. */
  async spawn(command: string, receivers: Receivers): Promise<RemoteProcess> {
    for (;;) {
      await this.#channels.acquire();
      this.#open++;
      try {
        return await this.#orLost(this.#exec(command, receivers));
      } catch (error) {
        this.#open--;
        // A lower MaxSessions than ours: keep the slot (fewer from now on) and wait for another one.
        if (!this.#closed && this.#open > 0 && isOpenFailure(error)) continue;
        this.#channels.release();
        throw error;
      }
    }
  }

  /** A TCP stream from the machine to somewhere else: how a bastion is used. */
  async forward(host: string, port: number): Promise<ClientChannel> {
    return this.#orLost(
      new Promise((resolve, reject) => {
        this.#client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
          if (error) reject(error);
          else resolve(channel);
        });
      }),
    );
  }

  async #exec(command: string, receivers: Receivers): Promise<RemoteProcess> {
    return new Promise((resolve, reject) => {
      this.#client.exec(command, (error, channel) => {
        if (error) reject(error);
        else resolve(this.#process(channel, receivers));
      });
    });
  }

  // Listeners are set inside ssh2's callback: an exit status in the same packet would be missed otherwise.
  #process(channel: ClientChannel, receivers: Receivers): RemoteProcess {
    const exit: Exit = {};
    channel.on('exit', (code: number | null, signal?: string) => {
      if (code !== null) exit.code = code;
      if (signal !== undefined) exit.signal = signal;
    });
    channel.on('data', (chunk: Buffer) => receivers.stdout(chunk));
    channel.stderr.on('data', (chunk: Buffer) => receivers.stderr(chunk));
    channel.on('error', () => channel.close());
    const closed = new Promise<void>((resolve) => channel.once('close', () => resolve()));
    void closed.then(() => {
      this.#open--;
      this.#channels.release();
    });
    const ended = this.#orLost(
      closed.then(() => {
        if (exit.code === undefined && exit.signal === undefined) {
          throw new Error('the channel closed without an exit status');
        }
        return exit;
      }),
    );
    ended.catch(() => undefined);
    return {
      ended,
      close: () => channel.close(),
      end: (data) => {
        channel.end(data ?? '');
      },
      write: async (data) => {
        if (channel.write(data)) return;
        await this.#orLost(drained(channel)).catch(() => undefined);
      },
    };
  }

  async #orLost<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#whenLost.add(reject);
      promise.then(resolve, reject).finally(() => this.#whenLost.delete(reject));
    });
  }
}

async function drained(channel: ClientChannel): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      channel.off('drain', done).off('close', done);
      resolve();
    };
    channel.on('drain', done).on('close', done);
  });
}

function isOpenFailure(error: unknown): boolean {
  return error instanceof Error && error.message.includes('Channel open failure');
}
