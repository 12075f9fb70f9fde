import { machineAddress } from './addresses.js';
import { execOn, initPid } from './exec.js';
import { hostEnv } from './host.js';
import { labPaths, type LabPaths } from './paths.js';
import { tryRun } from './run.js';
import { readFileSync } from 'node:fs';
import { snapshotFiles } from './snapshotFiles.js';
import * as parse from './snapshotParse.js';

/** The parts of a machine that are compared. */
export const SNAPSHOT_SECTIONS = [
  'files',
  'units',
  'links',
  'routes',
  'listeners',
  'mounts',
  'rules',
  'sysctls',
  'packages',
] as const;
export type SnapshotSection = (typeof SNAPSHOT_SECTIONS)[number];

/** One section: what there is, by name, each in one line of text. */
export type SnapshotEntries = Readonly<Record<string, string>>;
export type MachineSnapshot = Readonly<Record<SnapshotSection, SnapshotEntries>>;

/**
 * Takes down everything about a running machine that somebody could have changed. The rules and links
 * are read with the host's own tools, so that a machine without iptables can be compared with one that
 * got it.
 *
 * @throws Error when the machine is off.
 */
export async function snapshotMachine(
  name: string,
  paths: LabPaths = labPaths(),
): Promise<MachineSnapshot> {
  const pid = initPid(name, paths);
  if (pid === undefined) throw new Error(`${name} is off`);
  const inside = async (command: string) => (await execOn(name, command, { paths })).stdout;
  const network = async (...command: string[]) => {
    const namespace = `--net=/run/netns/${machineAddress(name).netns}`;
    return (await tryRun('nsenter', [namespace, ...command], { env: hostEnv() })).stdout;
  };
  const [unitFiles, units, sysctls, packages] = await Promise.all([
    inside('systemctl list-unit-files --plain --no-legend --no-pager'),
    inside('systemctl list-units --plain --no-legend --no-pager --full'),
    inside('sysctl -a 2>/dev/null'),
    inside("dpkg-query -W -f '${Package}\\t${db:Status-Abbrev}${Version}\\n'"),
  ]);
  return {
    files: await snapshotFiles(`/proc/${pid}/root`, `${paths.base}.sha256`, upperOf(paths, name)),
    units: parse.units(unitFiles, units),
    links: parse.links(await network('ip', '-j', '-d', 'addr')),
    routes: parse.routes(
      await network('ip', 'route', 'show', 'table', 'all'),
      await network('ip', '-6', 'route', 'show', 'table', 'all'),
      await network('ip', 'rule'),
    ),
    listeners: parse.listeners(await network('ss', '-H', '-l', '-n', '-t', '-u')),
    mounts: parse.mounts(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')),
    rules: {
      ...parse.nftTables(await network('nft', '-s', 'list', 'ruleset')),
      ...parse.legacyTables('ip', await network('iptables-legacy-save')),
      ...parse.legacyTables('ip6', await network('ip6tables-legacy-save')),
      ...parse.sets(await network('ipset', 'list', '-name')),
    },
    sysctls: parse.sysctls(sysctls),
    packages: parse.columns(packages),
  };
}

function upperOf(paths: LabPaths, name: string): string {
  return `${paths.machines}/${name}/upper`;
}
