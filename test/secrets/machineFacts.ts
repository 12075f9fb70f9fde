import bare from '../fixtures/facts/debian12-bare.json' with { type: 'json' };

/** Facts of the healthy machine of this name: `m2` is at 10.77.0.12. */
export function machineFacts(hostname: string): Record<string, string> {
  const n = Number(hostname.slice(1));
  return {
    ...bare,
    hostname,
    machine_id: `machine-${hostname}`,
    boot_id: `boot-${hostname}`,
    addresses: JSON.stringify([
      { name: 'lo', address: '127.0.0.1' },
      {
        name: 'eth0',
        mac: `02:70:6c:4d:00:${String(10 + n)}`,
        address: `10.77.0.${String(10 + n)}`,
      },
    ]),
    time_ns: `${String(Date.now())}000000`,
  };
}
