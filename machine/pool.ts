import { createHash } from 'node:crypto';

import { AppError, ErrorCode } from '../core/errors.js';
import { connect } from './connect.js';
import type { ConnectOptions } from './connect.js';
import type { Connection } from './connection.js';
import { connectionLost, hostKeyMismatch, unreachable } from './failures.js';
import { matchesPin, parseHostKeyPin, pinFingerprint } from './hostKeys.js';
import { createSession, type Shared } from './session.js';
import { Slots } from './slots.js';
import { TokenBucket } from './tokenBucket.js';
import { SeenArtifacts } from './transfer/seenArtifacts.js';
import type { Machines, MachineTarget, SeenHostKey } from './types.js';

type Bastion = NonNullable<MachineTarget['bastion']>;

export interface MachinesOptions {
  /** From the first packet to a login. Default 20 s. */
  connectTimeoutMs?: number;
  /** How long a connection that nobody uses stays open. Default 10 min: a machine of a large cluster waits for its turn. */
  idleMs?: number;
  /** Connections that nobody uses, at most: of more, those unused the longest are closed. Default 1,000: each holds about 35 KB here
   * (resident, 100 to 900 of them), and one sshd process there. */
  mostIdle?: number;
  /** SSH handshakes that this process starts per second, over all machines. Default 20. */
  handshakesPerSecond?: number;
  observe?: MachinesObserver;
}

/** Is told what the pool does, to count it. */
export interface MachinesObserver {
  /** One is begun. */
  handshake(): void;
  /** Somebody is logged in. */
  opened(): void;
  /** A connection that was open is not any more. */
  closed(): void;
  /** No connection came about, of whatever many handshakes. */
  failed(code: ErrorCode): void;
  /** A machine has somebody work on it now, or nobody any more. */
  atWork(change: 1 | -1): void;
}

/** One connection and its users. */
interface Entry extends Shared {
  connecting: Promise<Connection>;
  /** Once there is one. */
  connection?: Connection;
  users: number;
  /** Of them, those at work on the machine itself, not through it. */
  working: number;
  idle?: NodeJS.Timeout;
}

/**
 * The pool of SSH connections: one per machine and login, shared by everyone who works on it at the same time.
 * @example
 * const machines = createMachines();
 * await machines.with(target, (session) => session.exec('uname -r'));
 */
export function createMachines(options: MachinesOptions = {}): Machines {
  const { connectTimeoutMs = 20_000, handshakesPerSecond = 20, observe } = options;
  const { idleMs = 600_000, mostIdle = 1_000 } = options;
  const entries = new Map<string, Entry>();
  /** Those that nobody uses, each with its key, unused the longest first. */
  const unused = new Map<Entry, string>();
  const handshakes = new TokenBucket(handshakesPerSecond);
  let closed = false;

  function open(key: string, target: MachineTarget): Entry {
    const connectOptions: ConnectOptions = {
      timeoutMs: connectTimeoutMs,
      turn: async () => {
        await handshakes.take();
        observe?.handshake();
      },
    };
    const { bastion } = target;
    const entry: Entry = {
      users: 0,
      working: 0,
      // Two: a step that finds its files there must not wait for the gigabyte another one sends.
      transfers: new Slots(2),
      seen: new SeenArtifacts(),
      connecting: bastion
        ? use(bastionTarget(target, bastion), (via, hold) => {
            const tunnel = (): ReturnType<Connection['forward']> =>
              via.forward(target.host, target.port).catch((error: unknown) => {
                throw unreachable(target, 'the bastion cannot reach it', error);
              });
            const connecting = connect(target, { ...connectOptions, tunnel });
            // The bastion's connection counts as used for as long as this one lives.
            hold(
              connecting.then((connection) => {
                connection.bastionHostKey = via.hostKey;
                return connection.lost;
              }),
            );
            return connecting;
          })
        : connect(target, connectOptions),
    };
    const forget = (): void => {
      keep(entry);
      if (entries.get(key) === entry) entries.delete(key);
    };
    entry.connecting.then(
      (connection) => {
        entry.connection = connection;
        observe?.opened();
        return connection.lost.then(() => {
          observe?.closed();
          forget();
        });
      },
      (error: unknown) => {
        observe?.failed(error instanceof AppError ? error.code : ErrorCode.Internal);
        forget();
      },
    );
    entries.set(key, entry);
    return entry;
  }

  async function use<T>(
    target: MachineTarget,
    work: (
      connection: Connection,
      hold: (until: Promise<unknown>) => void,
      entry: Entry,
    ) => Promise<T>,
  ): Promise<T> {
    if (closed) throw new AppError(ErrorCode.Internal, 'the connection pool is closed');
    const key = connectionKey(target);
    const known = entries.get(key);
    const entry = known && usable(known, target) ? known : open(key, target);
    let holds = 1;
    const release = (): void => {
      if (--holds === 0 && --entry.users === 0) closeWhenIdle(entry, key);
    };
    entry.users++;
    keep(entry);
    try {
      const connection = await entry.connecting;
      checkPin(target, connection);
      const hold = (until: Promise<unknown>): void => {
        holds++;
        until.then(release, release);
      };
      return await work(connection, hold, entry);
    } finally {
      release();
    }
  }

  function closeWhenIdle(entry: Entry, key: string): void {
    // Nobody finds it any more: it never came about, was lost, or another one has taken its place.
    if (entries.get(key) !== entry) {
      close(key, entry);
      return;
    }
    entry.idle = setTimeout(() => {
      close(key, entry);
    }, idleMs).unref();
    unused.set(entry, key);
    for (const [oldest, itsKey] of unused) {
      if (unused.size <= mostIdle) return;
      close(itsKey, oldest);
    }
  }

  /** Somebody uses it again, or it is gone: it is not to be closed for want of use. */
  function keep(entry: Entry): void {
    clearTimeout(entry.idle);
    unused.delete(entry);
  }

  function close(key: string, entry: Entry): void {
    keep(entry);
    if (entries.get(key) === entry) entries.delete(key);
    void entry.connecting.then(
      (connection) => connection.close(),
      () => undefined,
    );
  }

  return {
    with: (target, work) =>
      use(target, async (connection, _hold, entry) => {
        if (connection.closed) throw connectionLost(target.node);
        if (++entry.working === 1) observe?.atWork(1);
        try {
          return await work(createSession(connection, target, entry));
        } finally {
          if (--entry.working === 0) observe?.atWork(-1);
        }
      }),
    close: async () => {
      closed = true;
      const all = [...entries.values()];
      entries.clear();
      await Promise.all(
        all.map(async (entry) => {
          keep(entry);
          await entry.connecting.then(
            (connection) => connection.close(),
            () => undefined,
          );
        }),
      );
    },
  };
}

/** A machine may have several keys: for another pin than a live connection's key a handshake has to say. */
function usable({ connection }: Entry, { hostKey, bastion }: MachineTarget): boolean {
  if (!connection) return true;
  return (
    !connection.closed &&
    isPinned(hostKey, connection.hostKey) &&
    isPinned(bastion?.hostKey, connection.bastionHostKey)
  );
}

function isPinned(hostKey: string | undefined, seen: SeenHostKey | undefined): boolean {
  return (
    hostKey === undefined || (seen !== undefined && matchesPin(parseHostKeyPin(hostKey), seen))
  );
}

/** Whoever shares a handshake that another one began has a pin of his own. */
function checkPin(target: MachineTarget, { hostKey, bastionHostKey }: Connection): void {
  refuseOther(target, hostKey);
  const { bastion } = target;
  if (bastion && bastionHostKey) refuseOther(bastionTarget(target, bastion), bastionHostKey);
}

function refuseOther(target: MachineTarget, seen: SeenHostKey): void {
  if (target.hostKey === undefined) return;
  const pin = parseHostKeyPin(target.hostKey);
  if (!matchesPin(pin, seen)) throw hostKeyMismatch(target, pinFingerprint(pin), seen);
}

function bastionTarget(target: MachineTarget, bastion: Bastion): MachineTarget {
  const { host, port, username, hostKey } = bastion;
  const { privateKey, passphrase } = bastion.key ?? target;
  return {
    ...{ node: `${target.node}'s bastion`, host, port, username, privateKey, isBastion: true },
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(hostKey === undefined ? {} : { hostKey }),
  };
}

/** The keys themselves stay out of the map: their hashes tell two logins apart as well. */
function connectionKey(target: MachineTarget): string {
  const { host, port, username, bastion } = target;
  const via = bastion ? [connectionKey(bastionTarget(target, bastion))] : [];
  return JSON.stringify([username, host, port, hashOf(target), ...via]);
}

function hashOf({ privateKey, passphrase }: MachineTarget): string {
  return createHash('sha256')
    .update(`${privateKey}\0${passphrase ?? ''}`)
    .digest('hex');
}
