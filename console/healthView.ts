import type { ConsoleHealth } from '../core/consoleModel.js';
import { h, type Child, type VNode } from './dom.js';
import { age, count, distance, moment } from './format.js';
import { askJson } from './http.js';
import { consolePath } from './paths.js';
import { changed, now, type ClusterState } from './state.js';

/** What people read at once; the API has all of it. */
const MOST_WARNINGS = 8;

/** What was seen at the last look. Where it cannot be read, what is shown stays, with its time. */
export async function loadHealth(state: ClusterState): Promise<void> {
  try {
    const health = await askJson<ConsoleHealth | null>(`${consolePath(state)}/health`);
    if (health !== null) state.health = health;
  } catch {
    // The stream says what is wrong.
  }
  changed();
}

/** The last look in a few lines; nothing before the first one. */
export function healthView({ health, page }: ClusterState): VNode | false {
  if (health === undefined) return false;
  const { lookedAt, through, failures, warnings, etcd, certificate, disk, drifted } = health;
  const orphaned = (page?.nodes ?? []).filter(({ status }) => status === 'ORPHANED');
  return h(
    'section',
    { class: 'card health', key: 'health', 'aria-labelledby': 'health-title' },
    h(
      'header',
      null,
      h('h2', { id: 'health-title' }, 'Health'),
      h(
        'span',
        { class: 'muted', title: moment(lookedAt) },
        `looked at ${age(lookedAt, now())}${through === undefined ? '' : ` through ${through}`}`,
      ),
    ),
    h(
      'dl',
      { class: 'facts' },
      etcd !== undefined && etcdFact(etcd),
      certificate !== undefined &&
        fact('Certificates end', [
          h('span', { title: moment(certificate.at) }, distance(certificate.at, now())),
          ` on ${certificate.hostname}`,
          certificate.soon,
        ]),
      disk !== undefined &&
        fact('Fullest disk', [
          `${String(Math.round(disk.usedPercent))} %`,
          ` ${disk.path} on ${disk.hostname}`,
          disk.full,
        ]),
      fact('Drift', [
        drifted.length === 0 ? 'none' : count(drifted.length, 'machine'),
        '',
        drifted.length > 0,
      ]),
      orphaned.length > 0 &&
        fact('Orphaned', [orphaned.map(({ hostname }) => hostname).join(', '), '', true]),
      snapshotsFact(health.snapshots),
    ),
    failures.length > 0 &&
      h(
        'ul',
        { class: 'problem' },
        failures.map(({ hostname, message }) => h('li', null, `${hostname}: ${message}`)),
      ),
    warnings.length > 0 && warningList(warnings),
  );
}

/** A term, its value, what stands beside it, and whether somebody should look at it. */
function fact(term: string, [value, beside, isOff]: [Child, string, boolean]): VNode {
  return h(
    'div',
    { key: term },
    h('dt', null, term),
    h(
      'dd',
      { class: isOff ? 'off' : '' },
      value,
      beside !== '' && h('span', { class: 'muted' }, beside),
    ),
  );
}

function etcdFact(members: NonNullable<ConsoleHealth['etcd']>): VNode {
  const ill = members.filter(({ healthy }) => !healthy).map(({ name }) => name);
  return fact('etcd', [
    count(members.length, 'member'),
    ill.length === 0 ? ', all healthy' : `, not healthy: ${ill.join(', ')}`,
    ill.length > 0,
  ]);
}

function snapshotsFact({ count: kept, newest }: ConsoleHealth['snapshots']): VNode {
  if (newest === undefined) return fact('Snapshots', ['none yet', '', false]);
  return fact('Newest snapshot', [
    h('span', { title: moment(newest) }, age(newest, now())),
    ` of ${String(kept)}`,
    false,
  ]);
}

function warningList(warnings: readonly string[]): VNode {
  const more = warnings.length - MOST_WARNINGS;
  return h(
    'ul',
    { class: 'banner warn' },
    warnings.slice(0, MOST_WARNINGS).map((warning) => h('li', { key: warning }, warning)),
    more > 0 && h('li', { key: 'more' }, `and ${String(more)} more`),
  );
}
