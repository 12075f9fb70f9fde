/** The address as a number; undefined when it is no IPv4 address. */
export function ipv4Number(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Whether an IPv4 address lies in a CIDR such as `10.244.0.0/16`; false for anything malformed. */
export function ipv4InCidr(address: string, cidr: string): boolean {
  const [network = '', length = ''] = cidr.split('/');
  const from = ipv4Number(network);
  const at = ipv4Number(address);
  if (from === undefined || at === undefined || !/^\d{1,2}$/.test(length)) return false;
  const size = 2 ** (32 - Number(length));
  return Math.floor(from / size) === Math.floor(at / size);
}
