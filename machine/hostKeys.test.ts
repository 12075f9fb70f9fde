import { describe, expect, it } from 'vitest';

import { testKey } from '../test/ssh/keys.js';
import {
  hostKeyAlgorithms,
  matchesPin,
  parseHostKeyPin,
  pinFingerprint,
  seenHostKey,
} from './hostKeys.js';

// `ssh-keygen -lf` on this key prints this fingerprint.
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
const FINGERPRINT = 'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU';

const seen = seenHostKey(Buffer.from(KEY.split(' ')[1] ?? '', 'base64'));

describe('a host key', () => {
  it('is shown as OpenSSH shows it', () => {
    expect(seen).toEqual({ key: KEY, fingerprint: FINGERPRINT });
  });

  it.each([KEY, `${KEY} root@m1`, FINGERPRINT, ` ${FINGERPRINT}= `])(
    'matches its pin %s',
    (text) => {
      expect(matchesPin(parseHostKeyPin(text), seen)).toBe(true);
    },
  );

  it('does not match the pin of another key', () => {
    expect(matchesPin(parseHostKeyPin(testKey().publicKey), seen)).toBe(false);
  });

  it('has the same fingerprint in both forms of a pin', () => {
    expect(pinFingerprint(parseHostKeyPin(KEY))).toBe(pinFingerprint(parseHostKeyPin(FINGERPRINT)));
  });

  it.each([
    '',
    'SHA256:short',
    'MD5:aa:bb',
    'ssh-ed25519',
    'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIOMq',
    'ssh-dss AAAA',
  ])('cannot be pinned as %j', (text) => {
    expect(() => parseHostKeyPin(text)).toThrow(/ssh\.hostKey must be/);
  });
});

describe('the algorithms offered', () => {
  it('start with the pinned key of a machine that has several', () => {
    expect(hostKeyAlgorithms(parseHostKeyPin(testKey('rsa').publicKey))[0]).toBe('rsa-sha2-512');
  });

  it('leave out the key types that were looked at already', () => {
    expect(hostKeyAlgorithms(undefined, ['ssh-ed25519', 'ssh-rsa'])).toEqual([
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp384',
      'ecdsa-sha2-nistp521',
    ]);
  });
});
