/** The host's own address on the lab's bridge; the machines' only way out, which leads nowhere. */
export const HOST_IP = '10.77.0.1';
export const BRIDGE = 'plinthbr0';
/** Leaves the host and a few spare addresses their place in 10.77.0.0/24. */
export const MAX_MACHINES = 200;

/** One machine's name and everything that is derived from it. */
export interface MachineAddress {
  readonly name: string;
  readonly ip: string;
  readonly netns: string;
  /** The end of the machine's cable that is plugged into the bridge. */
  readonly veth: string;
  readonly cgroup: string;
}

/**
 * The address of the machine called `name`.
 *
 * @throws RangeError when the name is not m1…m200.
 */
export function machineAddress(name: string): MachineAddress {
  const number = /^m([1-9]\d{0,2})$/.exec(name)?.[1];
  if (number === undefined || Number(number) > MAX_MACHINES) {
    throw new RangeError(`no such machine: ${name} (m1 … m${MAX_MACHINES})`);
  }
  return {
    name,
    ip: `10.77.0.${10 + Number(number)}`,
    netns: `plinth-${name}`,
    veth: `plv-${name}`,
    cgroup: `plinth-lab-${name}`,
  };
}
