import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface TlsServer {
  readonly url: string;
  /** Of the CA that signed the server's certificate: nobody trusts it yet. */
  readonly ca: string;
  stop(): Promise<void>;
}

const openssl = (...words: string[]) => promisify(execFile)('openssl', words);
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

/** A server whose certificate only a CA of its own vouches for. */
export async function startTlsServer(host: string, work: string): Promise<TlsServer> {
  const at = (name: string): string => join(work, name);
  const ca = ['-addext', 'basicConstraints=critical,CA:TRUE'];
  await openssl(
    ...['req', '-x509', ...EC, '-subj', '/CN=plinth lab CA', ...ca],
    ...['-keyout', at('ca.key'), '-out', at('ca.pem')],
  );
  const own = ['-addext', `subjectAltName=IP:${host}`, '-addext', 'basicConstraints=CA:FALSE'];
  await openssl(
    ...['req', '-x509', ...EC, '-subj', '/CN=lab', ...own],
    ...['-CA', at('ca.pem'), '-CAkey', at('ca.key')],
    ...['-keyout', at('tls.key'), '-out', at('tls.pem')],
  );
  const server = createServer(
    { key: await readFile(at('tls.key')), cert: await readFile(at('tls.pem')) },
    (_request, response) => response.end('trusted\n'),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `https://${host}:${String(address.port)}/`,
    ca: await readFile(at('ca.pem'), 'utf8'),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
