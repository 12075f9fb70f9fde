import { createDiff } from './diff.js';
import { diffView } from './diffView.js';
import { h, type Child, type VNode } from './dom.js';
import { ask, messageOf, Refusal } from './http.js';
import { loadSpec } from './loadSpec.js';
import { clustersPath } from './paths.js';
import { planView } from './planView.js';
import { app, changed, notify, type ClusterState, type SpecEdit } from './state.js';

const diffOf = createDiff();

/** The spec as text to change, with its plan and the way to apply it. */
export function specEditor(state: ClusterState, edit: SpecEdit): Child {
  const isStale =
    state.spec !== undefined && state.spec.resourceVersion !== edit.from.resourceVersion;
  const diff = edit.text === edit.from.desired ? [] : diffOf(edit.from.desired, edit.text);
  const canTry = app.session?.dryRun === true;
  const isSame = diff.length === 0;
  return [
    isStale &&
      !edit.busy &&
      h(
        'p',
        { class: 'banner warn', role: 'alert' },
        'Somebody has changed the spec since you began. Copy what you wrote, discard it and begin again from what is there now.',
      ),
    h('label', { for: 'spec-text', class: 'muted' }, 'YAML or JSON; it is sent as it stands here.'),
    h('textarea', {
      id: 'spec-text',
      key: 'text',
      class: 'mono',
      spellcheck: 'false',
      rows: 24,
      wrap: 'off',
      value: edit.begun,
      on: {
        input: (event: Event) => {
          edit.text = (event.target as HTMLTextAreaElement).value;
          delete edit.plan;
          changed();
        },
      },
    }),
    edit.error !== undefined && refused(edit.error),
    !isSame && [h('h3', { key: 'diff-title' }, 'Your change'), diffView(diff, 'Your change')],
    edit.plan !== undefined && planView(edit.plan),
    edit.force !== undefined && forceField(edit),
    h(
      'div',
      { class: 'dialog-actions', key: 'do' },
      h(
        'button',
        {
          type: 'button',
          class: 'button',
          on: {
            click: () => {
              delete state.edit;
              changed();
            },
          },
        },
        'Discard',
      ),
      canTry &&
        h(
          'button',
          {
            type: 'button',
            class: 'button',
            disabled: edit.busy,
            on: { click: () => void tryOut(state, edit) },
          },
          'Show the plan',
        ),
      h(
        'button',
        {
          type: 'button',
          class: `button ${edit.force === true ? 'danger' : 'primary'}`,
          disabled: edit.busy || isSame,
          on: { click: () => void apply(state, edit) },
        },
        edit.force === true ? 'Apply, and give up what does not answer' : 'Apply',
      ),
    ),
  ];
}

/** The way out where a plan or a refusal says that it does not go without. */
function forceField(edit: SpecEdit): VNode {
  return h(
    'label',
    { class: 'check', key: 'force' },
    h('input', {
      type: 'checkbox',
      on: {
        change: (event: Event) => {
          edit.force = (event.target as HTMLInputElement).checked;
          delete edit.plan;
          changed();
        },
      },
    }),
    'Give up machines that leave and do not answer: they are not cleaned, keep their keys of the cluster, and are listed as orphaned. ',
    'An even number of control planes is let be with it.',
  );
}

function refused({ message, details }: NonNullable<SpecEdit['error']>): VNode {
  return h(
    'div',
    { class: 'problem', role: 'alert', key: 'refused' },
    h('p', null, message),
    details.length > 0 &&
      h(
        'ul',
        null,
        details.map(({ path, message: said }) =>
          h('li', null, path !== '' && h('code', null, path), path === '' ? said : ` ${said}`),
        ),
      ),
  );
}

async function send(
  state: ClusterState,
  edit: SpecEdit,
  { dryRun }: { dryRun: boolean },
): Promise<Response | undefined> {
  const { text, force } = edit;
  const query = new URLSearchParams({
    ...(dryRun ? { dryRun: 'true' } : {}),
    ...(force === true ? { force: 'true' } : {}),
  }).toString();
  edit.busy = true;
  delete edit.error;
  changed();
  try {
    return await ask(clustersPath(state.project) + (query === '' ? '' : `?${query}`), {
      method: 'POST',
      yaml: text,
      headers: { 'if-match': `"${edit.from.resourceVersion}"` },
    });
  } catch (error) {
    if (dryRun && edit.text !== text) return undefined;
    edit.force ??= false;
    edit.error = {
      message: messageOf(error),
      details: error instanceof Refusal ? error.details : [],
    };
    return undefined;
  } finally {
    edit.busy = false;
    changed();
  }
}

async function apply(state: ClusterState, edit: SpecEdit): Promise<void> {
  const { text } = edit;
  const answer = await send(state, edit, { dryRun: false });
  if (answer === undefined) return;
  if (edit.text === text) {
    delete state.edit;
    notify('ok', 'Applied: what has to be done for it is about to begin');
  } else {
    // Whoever went on writing meanwhile goes on from what was applied.
    const resourceVersion = versionOf(answer) ?? edit.from.resourceVersion;
    edit.from = { ...edit.from, desired: text, resourceVersion };
    delete edit.plan;
    delete edit.force;
    notify('ok', 'Applied as it stood then; what you have written since is not');
  }
  await loadSpec(state);
}

function versionOf(answer: Response): string | undefined {
  return /"(.+)"/.exec(answer.headers.get('etag') ?? '')?.[1];
}

async function tryOut(state: ClusterState, edit: SpecEdit): Promise<void> {
  const { text, force } = edit;
  const answer = await send(state, edit, { dryRun: true });
  if (answer === undefined) return;
  const plan = (await answer.json()) as unknown;
  // Whoever went on writing meanwhile would take it for the plan of what stands there now.
  if (edit.text !== text || edit.force !== force) return;
  edit.plan = plan;
  edit.force ??= false;
  changed();
}
