import { generateKeyPairSync } from 'node:crypto';
import ssh2 from 'ssh2';

export interface TestKey {
  privateKey: string;
  /** `ssh-ed25519 AAAA…`. */
  publicKey: string;
}

/** A fresh key pair in OpenSSH's form. */
export function testKey(type: 'ed25519' | 'rsa' | 'ecdsa' = 'ed25519'): TestKey {
  let pair = generate(type);
  // Now and then ssh2 writes a key that no one can read, itself included.
  while (ssh2.utils.parseKey(pair.private) instanceof Error) pair = generate(type);
  return { privateKey: pair.private, publicKey: pair.public.split(' ').slice(0, 2).join(' ') };
}

function generate(type: 'ed25519' | 'rsa' | 'ecdsa'): { private: string; public: string } {
  switch (type) {
    case 'ed25519':
      return ssh2.utils.generateKeyPairSync('ed25519');
    case 'rsa':
      return ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 });
    case 'ecdsa':
      return ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
  }
}

/** The same kinds of key as openssl writes them: `BEGIN PRIVATE KEY`. */
export function pkcs8Key(type: 'ed25519' | 'rsa' | 'ec', passphrase?: string): string {
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  const privateKeyEncoding = { type: 'pkcs8', format: 'pem', ...encryption } as const;
  const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
  const encodings = { privateKeyEncoding, publicKeyEncoding };
  switch (type) {
    case 'ed25519':
      return generateKeyPairSync('ed25519', encodings).privateKey;
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: 2048, ...encodings }).privateKey;
    case 'ec':
      return generateKeyPairSync('ec', { namedCurve: 'P-256', ...encodings }).privateKey;
  }
}
