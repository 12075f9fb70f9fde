import type { ConsolePage, ConsoleSpec } from '../core/consoleModel.js';
import type { LineEdit } from '../core/lineDiff.js';
import { createDiff, hunksOf } from './diff.js';
import { h, type Child, type VNode } from './dom.js';
import { ask, askJson, messageOf, Refusal } from './http.js';
import { icon } from './icons.js';
import { clustersPath, consolePath } from './paths.js';
import { planView } from './planView.js';
import { app, changed, mayChange, notify, type ClusterState, type SpecEdit } from './state.js';

const diffOf = createDiff();

/** What is desired, how it differs from what is applied, and a place to change it. */
export function specView(state: ClusterState, { cluster }: ConsolePage): VNode {
  const { spec, specError, edit } = state;
  return h(
    'section',
    { class: 'card spec', key: 'spec', 'aria-labelledby': 'spec-title' },
    h(
      'header',
      { class: 'spec-head' },
      h('h2', { id: 'spec-title' }, edit === undefined ? 'Spec' : 'Change the spec'),
      spec !== undefined &&
        edit === undefined &&
        mayChange(state) &&
        !cluster.deleting &&
        h(
          'button',
          { type: 'button', class: 'button', on: { click: () => beginEdit(state, spec) } },
          icon('edit'),
          'Edit',
        ),
    ),
    specError !== undefined && h('p', { class: 'problem', role: 'alert' }, specError),
    edit === undefined
      ? spec === undefined
        ? specError === undefined && h('p', { class: 'muted' }, 'Loading …')
        : shown(spec)
      : editor(state, edit),
  );
}

/** Reads the spec, and again whenever the page says that it has changed. */
export async function loadSpec(state: ClusterState): Promise<void> {
  try {
    state.spec = await askJson<ConsoleSpec>(`${consolePath(state)}/spec`);
    delete state.specError;
  } catch (error) {
    state.specError = messageOf(error);
  }
  changed();
}

function shown({ desired, applied }: ConsoleSpec): Child {
  const differs = applied !== undefined && applied !== desired;
  return [
    applied === undefined
      ? h('p', { class: 'muted' }, 'Nothing of it is applied yet.')
      : differs
        ? h('p', null, 'What is desired differs from what was applied last: ')
        : h('p', { class: 'muted' }, 'What is desired is applied.'),
    differs && diffView(diffOf(applied, desired), 'From what is applied to what is desired'),
    h(
      'details',
      { class: 'whole', open: !differs, key: 'whole' },
      h('summary', null, 'The whole spec'),
      h(
        'pre',
        { class: 'output yaml', tabindex: 0, role: 'group', 'aria-label': 'The spec as YAML' },
        desired,
      ),
    ),
  ];
}

function beginEdit(state: ClusterState, spec: ConsoleSpec): void {
  state.edit = { begun: spec.desired, text: spec.desired, from: spec, busy: false };
  changed();
}

function editor(state: ClusterState, edit: SpecEdit): Child {
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

const SIGN = { same: ' ', added: '+', removed: '−' } as const;

function diffView(diff: readonly LineEdit[], label: string): VNode {
  return h(
    'div',
    { class: 'diff', role: 'group', tabindex: 0, 'aria-label': label, key: label },
    hunksOf(diff).flatMap(({ skipped, lines }) => [
      skipped > 0 && h('div', { class: 'gap' }, `⋯ ${String(skipped)} lines the same`),
      ...lines.map(({ kind, text }) =>
        h('div', { class: kind }, h('span', { class: 'mark' }, SIGN[kind]), h('code', null, text)),
      ),
    ]),
  );
}
