import { setTimeout as delay } from 'node:timers/promises';
import { NodeSSH } from 'node-ssh';
import type { Config } from 'node-ssh';
import type { ClientChannel, ServerHostKeyAlgorithm } from 'ssh2';

import { AppError } from '../core/errors.js';
import { Connection } from './connection.js';
import { authFailed, hostKeyMismatch, unreachable } from './failures.js';
import {
  hostKeyAlgorithms,
  matchesPin,
  parseHostKeyPin,
  pinFingerprint,
  seenHostKey,
} from './hostKeys.js';
import type { HostKeyPin } from './hostKeys.js';
import { loadPrivateKey } from './keys.js';
import type { MachineTarget, SeenHostKey } from './types.js';

export interface ConnectOptions {
  /** From the first SYN to a login, retries included. */
  timeoutMs: number;
  /** Waits for this process's turn to shake hands: sshd drops bursts at random (MaxStartups 10:30:100). */
  turn(): Promise<void>;
  /** The stream through a bastion, when there is one. */
  tunnel?(): Promise<ClientChannel>;
}

/** Detects a dead peer within 40 s. */
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_MISSES = 3;
const BACKOFF_MS = 250;
const BACKOFF_MAX_MS = 3_000;

/**
 * Connects and logs in, with the host key checked.
 * @throws AppError MachineUnreachable (within `timeoutMs`), AuthFailed or HostKeyMismatch.
 */
export async function connect(target: MachineTarget, options: ConnectOptions): Promise<Connection> {
  const pin = target.hostKey === undefined ? undefined : parseHostKeyPin(target.hostKey);
  const config = { ...baseConfig(target), ...loadPrivateKey(target.privateKey, target.passphrase) };
  await options.turn();
  const deadline = Date.now() + options.timeoutMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await login(target, config, { ...options, timeoutMs: deadline - Date.now() }, pin);
    } catch (error) {
      const wait = Math.min(BACKOFF_MS * 2 ** attempt, BACKOFF_MAX_MS) * (0.75 + Math.random() / 2);
      if (!isHandshakeDrop(error) || Date.now() + wait >= deadline) throw explain(target, error);
      await delay(wait);
      await options.turn();
    }
  }
}

/** A fingerprint does not say the key's type: the machine's other keys are looked at before it counts as changed. */
async function login(
  target: MachineTarget,
  config: Config,
  options: ConnectOptions,
  pin: HostKeyPin | undefined,
): Promise<Connection> {
  const tried: string[] = [];
  let first: SeenHostKey | undefined;
  for (;;) {
    try {
      return await attempt(config, options, pin, hostKeyAlgorithms(pin, tried));
    } catch (error) {
      if (error instanceof RefusedKey) {
        first ??= error.seen;
        tried.push(error.seen.key.split(' ', 1)[0] ?? '');
        if (pin?.kind === 'fingerprint' && hostKeyAlgorithms(pin, tried).length > 0) {
          await options.turn();
          continue;
        }
      } else if (!/no matching host key/i.test(String(error))) throw error;
      if (first && pin) throw hostKeyMismatch(target, pinFingerprint(pin), first);
      throw error;
    }
  }
}

async function attempt(
  config: Config,
  options: ConnectOptions,
  pin: HostKeyPin | undefined,
  algorithms: string[],
): Promise<Connection> {
  const ssh = new NodeSSH();
  const shown: { key?: SeenHostKey; refused?: boolean } = {};
  const deadline = Date.now() + options.timeoutMs;
  const sock = options.tunnel ? await within(options.tunnel(), options.timeoutMs) : undefined;
  const connecting = ssh.connect({
    ...config,
    ...(sock ? { sock } : {}),
    readyTimeout: 0,
    algorithms: { ...config.algorithms, serverHostKey: algorithms as ServerHostKeyAlgorithm[] },
    hostVerifier: (blob: Buffer) => {
      shown.key = seenHostKey(blob);
      shown.refused = pin !== undefined && !matchesPin(pin, shown.key);
      return !shown.refused;
    },
  });
  const client = ssh.connection;
  if (!client) {
    await connecting;
    throw new Error('the SSH client was not made');
  }
  const connection = new Connection(ssh, client);
  // A request is several small packets: else each waits until the machine has acknowledged the one before (Nagle).
  client.once('connect', () => client.setNoDelay(true));
  try {
    await within(connecting, deadline - Date.now());
  } catch (error) {
    client.destroy();
    if (shown.refused && shown.key) throw new RefusedKey(shown.key);
    throw error;
  }
  if (shown.key) connection.hostKey = shown.key;
  return connection;
}

/** The machine has another key than the pinned one. */
class RefusedKey extends Error {
  readonly seen: SeenHostKey;

  constructor(seen: SeenHostKey) {
    super(`the host key is ${seen.fingerprint}`);
    this.seen = seen;
  }
}

function baseConfig(target: MachineTarget): Config {
  return {
    ...(target.bastion ? {} : { host: target.host, port: target.port }),
    username: target.username,
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: KEEPALIVE_MISSES,
    algorithms: {
      // AES-GCM first: with the CPU's AES it costs a third of the others for hundreds of MB.
      cipher: [
        'aes128-gcm@openssh.com',
        'aes256-gcm@openssh.com',
        'chacha20-poly1305@openssh.com',
        ...(['aes128-ctr', 'aes192-ctr', 'aes256-ctr'] as const),
      ],
    },
  };
}

class Timeout extends Error {}

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  const timer = new AbortController();
  promise.catch(() => undefined);
  try {
    return await Promise.race([
      promise,
      delay(ms, undefined, { signal: timer.signal }).then(() => {
        throw new Timeout(`no SSH login within ${String(Math.round(ms / 1000))} s`);
      }),
    ]);
  } finally {
    timer.abort();
  }
}

/** What sshd does under load (and a port forwarder in front of it): it accepts, then closes before or during the handshake. */
function isHandshakeDrop(error: unknown): boolean {
  if (
    !(error instanceof Error) ||
    error instanceof AppError ||
    error instanceof Timeout ||
    error instanceof RefusedKey
  )
    return false;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === 'connect' || syscall === 'getaddrinfo') return false;
  return (
    code === 'ECONNRESET' ||
    code === 'EPIPE' ||
    /before handshake|No response from server/.test(error.message)
  );
}

function explain(target: MachineTarget, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const reason = error instanceof Error ? error.message || error.name : String(error);
  if (/authentication methods? failed|authentication methods available/i.test(reason)) {
    return authFailed(
      target,
      `sshd refuses the login of ${target.username} with this key`,
      `put the public key into ${target.username}'s ~/.ssh/authorized_keys on the machine, or correct user and key`,
      error,
    );
  }
  return unreachable(target, reason, error);
}
