import { z } from 'zod';
import { readEndpoint } from '../apiEndpoint.js';
import { parseVersion } from '../matrix.js';
import { parseAddress, parseCidr } from './cidr.js';
import { MAX_OVERRIDES_LENGTH } from './limits.js';

/** Strings of the spec. Each says in its error what was given and what would be right. */
const shown = (input: unknown): string => JSON.stringify(input);

function matching(pattern: RegExp, wanted: string): z.ZodString {
  return z.string().regex(pattern, { error: ({ input }) => `${shown(input)} is not ${wanted}` });
}

function valid(test: (value: string) => boolean, wanted: string): z.ZodString {
  return z.string().refine(test, { error: ({ input }) => `${shown(input)} is not ${wanted}` });
}

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const HOSTNAME = /^(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
/** A DNS name, longer than a hostname may be. */
const HOST =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
const PORT = /^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/;

export const nameText = matching(
  DNS_LABEL,
  'a name: 1–63 lower-case letters, digits and "-", beginning and ending with a letter or digit',
);

export const hostnameText = valid(
  (value) => HOSTNAME.test(value) && parseAddress(value) === undefined,
  'a hostname: at most 63 lower-case letters, digits, "-" and ".", each part beginning and ending with a letter or digit',
);

export const kubernetesVersionText = valid(
  (value) => value.startsWith('v') && parseVersion(value) !== undefined,
  'a Kubernetes version: write it whole and with the v, such as "v1.34.4"',
);

export const cniVersionText = valid(
  (value) => parseVersion(value) !== undefined,
  'a version: write it whole, such as "3.28.5" or "v3.28.5"',
);

export const addressText = valid(
  (value) => parseAddress(value) !== undefined,
  'an IP address, such as "10.0.0.93"',
);

export const ipv4Text = valid(
  (value) => parseAddress(value)?.family === 'ipv4',
  'an IPv4 address, such as "10.0.0.93"',
);

export const ipv4CidrText = valid(
  (value) => parseCidr(value)?.family === 'ipv4',
  'an IPv4 range, such as "10.244.0.0/16"',
);

export const ipv6CidrText = valid(
  (value) => parseCidr(value)?.family === 'ipv6',
  'an IPv6 range, such as "fd00:10:244::/56"',
);

/** A name as a certificate and kubeadm take it, or an address; a port after it. */
export function isEndpoint(value: string): boolean {
  const bracketed = value.startsWith('[');
  const { host } = readEndpoint(value);
  const port = bracketed
    ? /\](?::(.*))?$/.exec(value)?.[1]
    : value.split(':').length > 2
      ? undefined
      : value.split(':')[1];
  if (port !== undefined && !PORT.test(port)) return false;
  const family = parseAddress(host)?.family;
  if (bracketed) return family === 'ipv6';
  // Numbers and dots that are no address are no name either.
  return family !== undefined || (HOST.test(host) && !/^[0-9.]+$/.test(host));
}

export const endpointText = valid(
  isEndpoint,
  'a load balancer: its name in lower case or its address, with a port where it is not 6443, such as "lb.example.net:6443"',
);

export const portText = matching(PORT, 'a port: a string from "1" to "65535"');

export const usernameText = matching(
  /^[A-Za-z_][A-Za-z0-9_.@-]{0,63}$/,
  'a login: letters, digits, "_", ".", "@" and "-", beginning with a letter or "_"',
);

/** Not quoted: where a path belongs, people paste the key. */
export const keyPathText = z
  .string()
  .refine((text) => !/-----BEGIN|PRIVATE KEY/.test(text), {
    error:
      'is not the path of a private key but the key itself: give the path, and upload the key as a credential',
    abort: true,
  })
  // eslint-disable-next-line no-control-regex -- control characters are what it refuses
  .regex(/^[^\u0000-\u001f\u007f]{1,4096}$/, { error: 'is not the path of a private key' });

export const hostKeyText = matching(
  /^((ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]{40,}={0,3}|SHA256:[A-Za-z0-9+/]{43}=?)$/,
  'a host key: "ssh-ed25519 AAAA…" without a comment, or its fingerprint "SHA256:…"',
);

export const interfaceText = matching(
  /^[A-Za-z0-9._@-]{1,15}$/,
  'the name of a network interface, such as "eth0"',
);

export const overridesText = z.string().min(1).max(MAX_OVERRIDES_LENGTH);

export const concurrencyText = matching(
  /^([1-9]\d{0,3}|([1-9]\d?|100)%)$/,
  'a number of workers ("2") or a share of them ("50%", at most "100%")',
);

export const rolloutConcurrencyText = matching(
  /^([1-9]\d{0,3}|([1-9]\d?|100)%)$/,
  'a number of clusters ("2") or a share of them ("20%", at most "100%")',
);

export const versionWordText = matching(
  /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/,
  'a version: 1–63 lower-case letters, digits, "." and "-", beginning and ending with a letter or digit',
);

export const sha256Text = matching(/^[0-9a-f]{64}$/, 'a SHA-256: 64 hexadecimal digits');
