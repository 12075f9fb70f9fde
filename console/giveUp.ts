import type { ConsoleCluster, ConsoleSpec } from '../core/consoleModel.js';
import { openDialog } from './dialog.js';
import { h, type VNode } from './dom.js';
import { ask, askJson } from './http.js';
import { apiPath, clustersPath, consolePath } from './paths.js';
import { changed, mayChange, notify, type ClusterState } from './state.js';

/** Machines that have to leave and are away: why, and the way out that is not taken by itself. */
export function awayView(state: ClusterState, cluster: ConsoleCluster): VNode | false {
  const { away } = cluster;
  if (away.length === 0) return false;
  return h(
    'div',
    { class: 'banner bad away', role: 'status', key: 'away' },
    h(
      'div',
      null,
      h(
        'p',
        null,
        `To leave, and not to be reached: ${namesOf(away)}. Bring back what can be and retry, or give up what is lost.`,
      ),
      h(
        'ul',
        null,
        away.map((machine) => h('li', { key: machine.hostname }, reasonOf(machine))),
      ),
    ),
    mayChange(state) &&
      h(
        'button',
        { type: 'button', class: 'button danger', on: { click: () => confirm(state, cluster) } },
        'Give up …',
      ),
  );
}

/** Most reasons name their machine. */
function reasonOf({ hostname, message }: ConsoleCluster['away'][number]): string {
  return message.startsWith(hostname) ? message : `${hostname}: ${message}`;
}

function namesOf(away: ConsoleCluster['away']): string {
  return away.map(({ hostname }) => hostname).join(', ');
}

function confirm(state: ClusterState, cluster: ConsoleCluster): void {
  const { away, deleting, name } = cluster;
  let sure = false;
  openDialog({
    title: `Give up ${namesOf(away)}?`,
    body: () => [
      h(
        'ul',
        { class: 'problem' },
        away.map((machine) => h('li', { key: machine.hostname }, reasonOf(machine))),
      ),
      h(
        'p',
        null,
        deleting
          ? `The deletion of ${name} goes on without what does not answer. `
          : 'What does not answer is taken out of the cluster without being cleaned, and listed as orphaned. ',
        'etcd’s quorum is never given up for it.',
      ),
      h(
        'label',
        { class: 'check' },
        h('input', {
          type: 'checkbox',
          on: {
            change: (event: Event) => {
              sure = (event.target as HTMLInputElement).checked;
              changed();
            },
          },
        }),
        'They hold keys of the cluster: I wipe them, or see that they never start again',
      ),
    ],
    action: 'Give up and go on',
    danger: true,
    ready: () => sure,
    run: async () => {
      if (deleting) await ask(`${apiPath(cluster)}?force=true`, { method: 'DELETE' });
      else await applyForced(state);
      notify('ok', 'Going on without what does not answer');
    },
  });
}

/** What is desired, said anew: it is the rest of the work that is forced. */
async function applyForced(state: ClusterState): Promise<void> {
  const { desired, resourceVersion } = await askJson<ConsoleSpec>(`${consolePath(state)}/spec`);
  await ask(`${clustersPath(state.project)}?force=true`, {
    method: 'POST',
    yaml: desired,
    headers: { 'if-match': `"${resourceVersion}"` },
  });
}
