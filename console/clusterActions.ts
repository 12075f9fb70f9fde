import type { ConsoleCluster } from '../core/consoleModel.js';
import { copyable } from './copy.js';
import { openDialog } from './dialog.js';
import { h, type VNode } from './dom.js';
import { moment } from './format.js';
import { ask, askJson, messageOf, Refusal } from './http.js';
import { icon } from './icons.js';
import { apiPath } from './paths.js';
import { changed, mayChange, notify, type ClusterState } from './state.js';

/** What may be done to the cluster now, by who is logged in. */
export function actions(state: ClusterState, cluster: ConsoleCluster): VNode | false {
  if (!mayChange(state) || state.gone) return false;
  const path = apiPath(cluster);
  return h(
    'div',
    { class: 'actions' },
    cluster.canRetry &&
      button('retry', 'retry', 'Retry', 'primary', () => {
        void tell('Going on where it failed', () => ask(`${path}/retry`, { method: 'POST' }));
      }),
    cluster.canCancel && button('cancel', 'stop', 'Cancel', '', () => confirmCancel(path, cluster)),
    button(
      'kubeconfig',
      'download',
      'Kubeconfig',
      '',
      () => void downloadKubeconfig(path, cluster),
    ),
    !cluster.deleting &&
      button('installer', 'terminal', 'Installer command', '', () => void showInstaller(path)),
    (!cluster.deleting || cluster.canRetry) &&
      button('delete', 'trash', 'Delete', 'danger-text', () => confirmDelete(path, cluster)),
  );
}

function button(
  key: string,
  sign: Parameters<typeof icon>[0],
  text: string,
  kind: string,
  click: () => void,
): VNode {
  return h(
    'button',
    { key, type: 'button', class: `button ${kind}`, on: { click } },
    icon(sign),
    text,
  );
}

/** Does it, and says how it went. */
async function tell(done: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
    notify('ok', done);
  } catch (error) {
    notify('bad', messageOf(error));
  }
}

function confirmCancel(path: string, { name }: ConsoleCluster): void {
  openDialog({
    title: `Cancel what runs on ${name}?`,
    body: () => [
      h(
        'p',
        null,
        'It stops at the next safe point and takes back what is half done on a machine.',
      ),
      h('p', { class: 'muted' }, 'Retry goes on from there.'),
    ],
    action: 'Cancel the operation',
    danger: true,
    run: async () => {
      await ask(`${path}/cancel`, { method: 'POST' });
      notify('ok', 'It stops at the next safe point');
    },
  });
}

function confirmDelete(path: string, { name }: ConsoleCluster): void {
  let typed = '';
  openDialog({
    title: `Delete ${name}?`,
    body: () => [
      h(
        'p',
        null,
        'Kubernetes and all that runs on it is removed from every machine of the cluster, which is then left as it was found. ',
        'There is no way back.',
      ),
      h('label', { for: 'delete-name' }, 'Type the name of the cluster: ', h('code', null, name)),
      h('input', {
        id: 'delete-name',
        type: 'text',
        autocomplete: 'off',
        autocapitalize: 'off',
        spellcheck: 'false',
        on: {
          input: (event: Event) => {
            typed = (event.target as HTMLInputElement).value;
            changed();
          },
        },
      }),
    ],
    action: 'Delete the cluster',
    danger: true,
    ready: () => typed === name,
    run: async () => {
      await ask(path, { method: 'DELETE' });
      notify('ok', `${name} is being deleted`);
    },
  });
}

async function downloadKubeconfig(path: string, { name }: ConsoleCluster): Promise<void> {
  try {
    const answer = await ask(`${path}/kubeconfig`);
    const url = URL.createObjectURL(await answer.blob());
    const link = document.createElement('a');
    link.href = url;
    link.download = `${name}.kubeconfig.yaml`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  } catch (error) {
    notify(error instanceof Refusal && error.status === 404 ? 'ok' : 'bad', messageOf(error));
  }
}

interface InstallerCommands {
  installerCmds: { command: string; undoCommand: string }[];
  expiresAt: string;
  warning?: string;
}

async function showInstaller(path: string): Promise<void> {
  try {
    const { installerCmds, expiresAt, warning } = await askJson<InstallerCommands>(
      `${path}/installercmds`,
    );
    const [first] = installerCmds;
    if (first === undefined) return;
    openDialog({
      title: 'Installer command',
      body: () => [
        h(
          'p',
          null,
          'For machines that the spec names by their hostname only. Run on such a machine, it makes a login for the platform’s key and registers it.',
        ),
        warning !== undefined && h('p', { class: 'problem' }, warning),
        copyable(first.command, 'the installer command'),
        h(
          'p',
          { class: 'muted' },
          `It lets machines in until ${moment(expiresAt)}. To undo it on a machine:`,
        ),
        copyable(first.undoCommand, 'the command that undoes it'),
      ],
    });
  } catch (error) {
    notify('bad', messageOf(error));
  }
}
