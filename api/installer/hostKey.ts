import { createHash } from 'node:crypto';

/** Which of a machine's host keys is pinned, the first kind first. */
const PREFERENCE = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384'].concat(
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
);

/** The key that is pinned, with its fingerprint as `ssh-keygen -l` prints it; undefined when none can be used. */
export function hostKeyToPin(
  keys: readonly string[],
): { key: string; fingerprint: string } | undefined {
  const key = PREFERENCE.flatMap((type) => keys.filter((each) => each.startsWith(`${type} `)))[0];
  if (key === undefined) return undefined;
  const blob = Buffer.from(key.split(' ')[1] ?? '', 'base64');
  const sum = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  return { key, fingerprint: `SHA256:${sum}` };
}
