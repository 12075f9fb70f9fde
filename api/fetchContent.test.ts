import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { MAX_FETCHED_BYTES } from '../core/spec/limits.js';
import { fetchContent } from './fetchContent.js';
import { tarFiles } from './tarFiles.js';

let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    const to = (location: string): void => {
      response.writeHead(302, { location }).end();
    };
    switch (request.url) {
      case '/moved':
        return to('/here');
      case '/here':
        return void response.end('here');
      case '/round':
        return to('/round');
      case '/inside':
        return to('http://169.254.169.254/latest');
      case '/other':
        return to('file:///etc/passwd');
      case '/large':
        return void response.end(Buffer.alloc(MAX_FETCHED_BYTES + 1));
      default:
        // Never answered.
        return undefined;
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('what a URL gives', () => {
  it('is followed where it has moved to', async () => {
    expect(await fetchContent(`${url}/moved`)).toMatchObject({ bytes: Buffer.from('here') });
  });

  it.each([
    ['/round', 'leads on more than 5 times'],
    ['/inside', 'cannot be read: its address is link-local'],
    ['/other', 'leads to what is not an http or https URL'],
    ['/large', 'gives more than 8 MiB'],
    ['/slow', 'was not read within 0.2 s'],
  ])('%s %s', async (path, problem) => {
    const timeoutMs = path === '/slow' ? 200 : 20_000;
    expect(await fetchContent(url + path, { timeoutMs })).toEqual({ problem });
  });

  it('is bounded for all that are read at once together', async () => {
    const budget = { left: 5 };
    expect(await fetchContent(`${url}/here`, { budget })).toHaveProperty('bytes');
    expect(await fetchContent(`${url}/here`, { budget })).toEqual({
      problem: 'gives more than 16 MiB, with those of the other add-ons',
    });
  });

  it('is nothing where nobody listens', async () => {
    expect(await fetchContent('http://127.0.0.1:1/x')).toEqual({
      problem: 'cannot be read: ECONNREFUSED',
    });
  });
});

describe('an archive', () => {
  const entry = (name: string, text: string, type = '0'): Buffer => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(Buffer.byteLength(text).toString(8).padStart(11, '0'), 124);
    header.write(type, 156);
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / 512) * 512);
    body.write(text);
    return Buffer.concat([header, body]);
  };
  const read = (...entries: Buffer[]) =>
    tarFiles(gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)])));

  it('is its files, without a folder around all of them', () => {
    expect(read(entry('r/', '', '5'), entry('r/a', 'A'), entry('r/b/c', 'C'))).toEqual({
      files: { a: 'A', 'b/c': 'C' },
    });
    expect(read(entry('./a', 'A'), entry('./b/c', 'C'))).toEqual({ files: { a: 'A', 'b/c': 'C' } });
  });

  it('has long names in entries of their own', () => {
    const long = `${'x'.repeat(120)}/f`;
    const pax = `${String(long.length + 10)} path=${long}\n`;
    expect(read(entry('pax', pax, 'x'), entry('short', 'A'), entry('b', 'B'))).toEqual({
      files: { [long]: 'A', b: 'B' },
    });
  });

  it('with a link, or cut off, or of something else is refused', () => {
    expect(read(entry('l', '', '2'))).toEqual({ problem: 'holds l, which is no plain file' });
    const cut = Buffer.concat([entry('a', 'A'.repeat(2000))]).subarray(0, 1024);
    expect(tarFiles(gzipSync(cut))).toEqual({ problem: 'gives a damaged archive' });
    expect(tarFiles(Buffer.from('text'))).toEqual({ problem: 'gives no .tar.gz' });
    expect(tarFiles(gzipSync(Buffer.alloc(20 * 1024 * 1024)))).toEqual({
      problem: 'unpacks to too much',
    });
  });
});
