import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { certificateProblem } from './certificateProblem.js';

const dir = mkdtempSync(join(tmpdir(), 'plinth-ca-'));
afterAll(() => {
  rmSync(dir, { recursive: true });
});

function certificate(ca: boolean): string {
  const file = join(dir, `${String(ca)}.pem`);
  const constraint = `basicConstraints=critical,CA:${ca ? 'TRUE' : 'FALSE'}`;
  const subject = ['-subj', '/CN=proxy', '-days', '2', '-addext', constraint];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const files = ['-keyout', `${file}.key`, '-out', file];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, ...files], { stdio: 'pipe' });
  return readFileSync(file, 'utf8');
}
const ca = certificate(true);

describe("a proxy's CA", () => {
  it('is taken, and several of them', () => {
    expect(certificateProblem(ca)).toBeUndefined();
    expect(certificateProblem(ca + ca)).toBeUndefined();
  });

  it.each([
    ['a certificate that signs nothing', ca + certificate(false), 'certificate 2 is no CA'],
    [
      'what is damaged',
      ca.replace(/\n[A-Za-z0-9+/=]{20}/, '\nAAAAAAAAAAAAAAAAAAAA'),
      'cannot be read',
    ],
  ])('is not %s', (_what, pem, says) => {
    expect(certificateProblem(pem)).toContain(says);
  });

  it('is not one that has expired', () => {
    const later = new Date(Date.now() + 3 * 86_400_000);
    expect(certificateProblem(ca, later)).toContain('certificate 1 has expired');
  });
});
