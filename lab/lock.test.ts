import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireLock, LabBusyError, lockOwner } from './lock.js';
import { processStat } from './processes.js';

let dir = '';
let lock = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lab-lock-'));
  lock = join(dir, 'lock');
});
afterEach(() => rmSync(dir, { recursive: true }));

// Who holds the lock is told from /proc.
describe.runIf(process.platform === 'linux')('the lock', () => {
  test('is held until it is given back', () => {
    const release = acquireLock('a test', lock);
    expect(lockOwner(lock)).toMatchObject({ pid: process.pid, purpose: 'a test' });
    release();
    expect(existsSync(lock)).toBe(false);
  });

  test('is given again to its own process, and kept until the first gives it back', () => {
    const release = acquireLock('outer', lock);
    acquireLock('inner', lock)();
    expect(lockOwner(lock)?.purpose).toBe('outer');
    release();
  });

  test('is refused while another living process holds it, by name', async () => {
    const other = spawn('sleep', ['60']);
    await once(other, 'spawn');
    const startTime = processStat(other.pid ?? 0)?.startTime ?? '';
    writeFileSync(lock, JSON.stringify({ pid: other.pid, startTime, purpose: 'demo' }));
    try {
      expect(() => acquireLock('a test', lock)).toThrow(LabBusyError);
      expect(() => acquireLock('a test', lock)).toThrow(`process ${other.pid ?? 0} (demo)`);
    } finally {
      other.kill('SIGKILL');
      await once(other, 'close');
    }
    acquireLock('a test', lock)();
  });

  test('of a dead owner whose pid another process has by now is taken over', () => {
    writeFileSync(lock, JSON.stringify({ pid: process.ppid, startTime: '1', purpose: 'old' }));
    const release = acquireLock('a test', lock);
    expect(lockOwner(lock)?.purpose).toBe('a test');
    release();
  });

  test('that is garbage is taken over', () => {
    writeFileSync(lock, '{');
    acquireLock('a test', lock)();
    expect(existsSync(lock)).toBe(false);
  });
});
