import ipaddr from 'ipaddr.js';

export type Family = 'ipv4' | 'ipv6';

/** A range of addresses, both ends included, as whole numbers. */
export interface Cidr {
  text: string;
  family: Family;
  prefix: number;
  first: bigint;
  last: bigint;
  /** The range as it should be written: host bits cleared. */
  canonical: string;
}

export interface Address {
  family: Family;
  number: bigint;
}

const DOTTED = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/** Reads an address; undefined for what is none. Octal, shortened and zoned spellings are none. */
export function parseAddress(text: string): Address | undefined {
  if (DOTTED.test(text)) {
    return { family: 'ipv4', number: numberOf(ipaddr.IPv4.parse(text).toByteArray()) };
  }
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  return { family: 'ipv6', number: numberOf(ipaddr.IPv6.parse(text).toByteArray()) };
}

/** Reads `10.244.0.0/16` or `fd00::/56`; undefined for what is no CIDR. Host bits may be set. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = '', ...more] = text.split('/');
  const parsed = parseAddress(address);
  if (parsed === undefined || more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length)) {
    return undefined;
  }
  const bits = parsed.family === 'ipv4' ? 32 : 128;
  const prefix = Number(length);
  if (prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  const first = (parsed.number / size) * size;
  const canonical = `${addressText(first, parsed.family)}/${prefix}`;
  return { text, family: parsed.family, prefix, first, last: first + size - 1n, canonical };
}

export function hasHostBits(cidr: Cidr): boolean {
  const address = parseAddress(cidr.text.split('/')[0] ?? '');
  return address?.number !== cidr.first;
}

export function overlap(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

export function contains(cidr: Cidr, address: Address): boolean {
  return (
    cidr.family === address.family && cidr.first <= address.number && address.number <= cidr.last
  );
}

/** One spelling for every way to write the same address or range; anything else stays as it is. */
export function canonicalText(value: string): string {
  const cidr = parseCidr(value);
  if (cidr) return cidr.canonical;
  const address = parseAddress(value);
  return address ? addressText(address.number, address.family) : value;
}

function numberOf(bytes: number[]): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function addressText(number: bigint, family: Family): string {
  const length = family === 'ipv4' ? 4 : 16;
  const bytes = Array.from({ length }, (_, index) =>
    Number((number >> BigInt(8 * (length - 1 - index))) & 255n),
  );
  return ipaddr.fromByteArray(bytes).toString();
}
