/* What the tools of a machine print, as entries that can be compared. */

type Entries = Record<string, string>;

/** Logins come and go; devices are the host's; mounts are compared as mounts. */
const PASSING_UNIT =
  /^(session-|user@|user-|user-runtime-dir@|init\.scope|(run|proc|sys|dev)-.*\.mount)|\.(device|slice|scope)$/;
/**
 * Counters, clocks and the like: different at each look, changed by nobody. Settings of a link come and
 * go with it, and links are compared as links.
 */
const PASSING_SYSCTL =
  /^(kernel\.(random\.|ns_last_pid|pty\.nr|sched_|perf_)|net\.netfilter\.nf_conntrack_count|net\.ipv[46]\.(conf|neigh)\.(?!(all|default|lo|eth0)\.))/;
/** The kernel makes these from a link's own address, a second or two after the link is up. */
const LINK_LOCAL = /^(local |anycast |multicast )?(fe80|ff00):/;
const PASSING_MOUNT = /^\/(proc|sys|dev|run\/user|run\/credentials)(\/|$)/;

/** Every unit file's state and every unit that is active or has failed. */
export function units(unitFiles: string, active: string): Entries {
  const found: Entries = {};
  for (const [name = '', state = ''] of words(unitFiles)) {
    if (!PASSING_UNIT.test(name)) found[name] = state;
  }
  for (const [name = '', load = '', state = '', sub = ''] of words(active)) {
    if (PASSING_UNIT.test(name)) continue;
    // Which one of these it is depends on when one looks, not on who changed what.
    const steady = state === 'activating' || state === 'deactivating' ? 'active' : state;
    found[name] =
      `${found[name] ?? 'generated'} ${load} ${steady} ${sub === 'failed' ? 'failed' : ''}`.trim();
  }
  return found;
}

interface Link {
  readonly ifname: string;
  readonly mtu: number;
  readonly operstate: string;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly addr_info?: readonly { readonly local: string; readonly prefixlen: number }[];
}

/** Links by name; their numbers are the kernel's to give. */
export function links(json: string): Entries {
  const list = JSON.parse(json === '' ? '[]' : json) as Link[];
  return Object.fromEntries(
    list.map((link) => {
      const own = (link.addr_info ?? []).filter(({ local }) => !LINK_LOCAL.test(local));
      const addresses = own.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
      const kind = link.linkinfo?.info_kind ?? 'link';
      return [
        link.ifname,
        [kind, `mtu ${link.mtu}`, link.operstate, ...addresses.sort()].join(' '),
      ];
    }),
  );
}

/** Each route or rule an entry of its own. */
export function routes(...texts: readonly string[]): Entries {
  const all = texts
    .join('\n')
    .split('\n')
    .map((line) => line.trim());
  return Object.fromEntries(
    all.filter((line) => line !== '' && !LINK_LOCAL.test(line)).map((line) => [line, 'there']),
  );
}

/** Sockets that wait for somebody. */
export function listeners(text: string): Entries {
  return Object.fromEntries(
    words(text).map(([protocol = '', state = '', , , local = '']) => [
      `${protocol} ${local}`,
      state,
    ]),
  );
}

/** Mount points with what is mounted there. */
export function mounts(mountinfo: string): Entries {
  const found: Entries = {};
  for (const line of mountinfo.split('\n')) {
    const [head = '', tail = ''] = line.split(' - ');
    const at = head.split(' ')[4];
    if (at === undefined || PASSING_MOUNT.test(at)) continue;
    const [kind = '', source = ''] = tail.split(' ');
    // Mounted twice over each other is not mounted once.
    found[at] = [found[at], `${kind} ${source}`].filter((part) => part !== undefined).join(' + ');
  }
  return found;
}

/** nft's tables, each with its whole text. */
export function nftTables(text: string): Entries {
  const tables = text.split(/^(?=table )/m).filter((part) => part.startsWith('table '));
  return Object.fromEntries(
    tables.map((table) => {
      const head = table.slice(0, table.indexOf('{')).trim();
      return [`nft ${head}`, table.slice(head.length).replace(/\s+/g, ' ').trim()];
    }),
  );
}

/** The tables of the older iptables, without counters and dates. */
export function legacyTables(family: string, text: string): Entries {
  const found: Entries = {};
  for (const table of text.split(/^\*/m).slice(1)) {
    const [name = '', ...rules] = table.split('\n');
    const kept = rules
      .filter((line) => /^[:-]/.test(line))
      .map((line) => line.replace(/ \[\d+:\d+\]$/, ''));
    found[`legacy ${family} ${name}`] = kept.join('; ');
  }
  return found;
}

/** Names of IP sets. */
export function sets(text: string): Entries {
  return Object.fromEntries(words(text).map(([name = '']) => [`ipset ${name}`, 'there']));
}

/** The settings of network, memory and kernel that stay as they are unless somebody sets them. */
export function sysctls(text: string): Entries {
  const pairs = text.split('\n').map((line) => line.split(' = '));
  const settings = pairs.filter(
    ([key = '']) => /^(net|vm|kernel)\./.test(key) && !PASSING_SYSCTL.test(key),
  );
  return Object.fromEntries(settings.map(([key = '', value = '']) => [key, value]));
}

/** Two columns with a tab between them. */
export function columns(text: string): Entries {
  const rows = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(rows.map((line) => line.split('\t') as [string, string]));
}

function words(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/));
}
