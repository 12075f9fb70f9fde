import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';

import { pkcs8Key, testKey } from '../test/ssh/keys.js';
import { loadPrivateKey } from './keys.js';

const read = (text: string, passphrase?: string): string => {
  const key = loadPrivateKey(text, passphrase);
  const parsed = ssh2.utils.parseKey(key.privateKey, key.passphrase);
  if (parsed instanceof Error) throw parsed;
  return parsed.type;
};

describe('a private key', () => {
  it('in OpenSSH form is taken as it is', () => {
    const { privateKey } = testKey();
    expect(loadPrivateKey(privateKey)).toEqual({ privateKey });
  });

  it.each([
    ['rsa', 'ssh-rsa'],
    ['ec', 'ecdsa-sha2-nistp256'],
    ['ed25519', 'ssh-ed25519'],
  ] as const)('in PKCS#8 form of type %s can log in', (type, expected) => {
    expect(read(pkcs8Key(type))).toBe(expected);
  });

  it('in encrypted PKCS#8 form is opened with its passphrase', () => {
    expect(read(pkcs8Key('ed25519', 'sesame'), 'sesame')).toBe('ssh-ed25519');
  });

  it('that was converted signs what its public half verifies', () => {
    const parsed = ssh2.utils.parseKey(loadPrivateKey(pkcs8Key('ed25519')).privateKey);
    if (parsed instanceof Error) throw parsed;
    const signature = parsed.sign('hello');
    expect(parsed.verify('hello', signature)).toBe(true);
  });

  it.each(['wrong', undefined])(
    'with the passphrase %s instead of its own says so',
    (passphrase) => {
      expect(() => loadPrivateKey(pkcs8Key('rsa', 'sesame'), passphrase)).toThrow(
        expect.objectContaining({
          code: 'AuthFailed',
          message: 'the SSH private key cannot be read: the passphrase is missing or wrong',
        }),
      );
    },
  );

  it('that is none is refused without showing what it was', () => {
    expect(() => loadPrivateKey('hunter2')).toThrow(
      expect.objectContaining({
        code: 'AuthFailed',
        message: expect.not.stringContaining('hunter2'),
      }),
    );
  });

  it('that is a public key is refused', () => {
    expect(() => loadPrivateKey(testKey().publicKey)).toThrow(/it is a public key/);
  });
});
