import { createServer, request as httpRequest, type Server } from 'node:http';

export interface ProxyServer {
  readonly port: number;
  /** `agent url` of every request that was let through, each once. */
  readonly passed: ReadonlySet<string>;
  /** How many came without the password. */
  readonly refused: () => number;
  stop(): Promise<void>;
}

/** A forward proxy for plain HTTP that asks for a password, as a company's does. */
export async function startProxyServer(host: string, auth: string): Promise<ProxyServer> {
  const passed = new Set<string>();
  const wanted = `Basic ${Buffer.from(auth).toString('base64')}`;
  let refused = 0;
  const server = createServer((request, response) => {
    if (request.headers['proxy-authorization'] !== wanted) {
      refused += 1;
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="lab"' }).end();
      return;
    }
    const url = request.url ?? '';
    if (!URL.canParse(url)) {
      response.writeHead(400).end();
      return;
    }
    const agent = request.headers['user-agent']?.split(/[/ ]/)[0] ?? '-';
    passed.add(`${agent} ${url}`);
    const { 'proxy-authorization': _secret, ...headers } = request.headers;
    const onward = httpRequest(url, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  const port = await listen(server, host);
  return {
    port,
    passed,
    refused: () => refused,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
