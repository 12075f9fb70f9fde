import type {
  ConsoleMachineStep,
  ConsoleOperation,
  ConsolePage,
  ConsoleStep,
  ConsoleTaskset,
} from '../core/consoleModel.js';
import { axisOf, place, tickText, type Axis } from './axis.js';
import { h, type VNode } from './dom.js';
import { failureView } from './failureView.js';
import { age, count, duration, moment, words } from './format.js';
import { icon } from './icons.js';
import { logView, toggleLog } from './logView.js';
import { changed, now, type ClusterState } from './state.js';
import { OPERATION, pill, sign, STEP, TASKSET, type Look } from './words.js';

/** More machines than this share one bar. */
const LANES = 8;
/** As style.css has it. */
const ROW_PX = 30;
const MOST_PITCH_PX = 11;
const LANE_GAP_PX = 1.5;
/** More machines than this are listed only when asked for; those that failed or are at work always are. */
const LISTED = 40;

/** A taskset as a waterfall: operation → step → machine, each as long as it took, on one time axis. */
export function timelineView(state: ClusterState, page: ConsolePage): VNode {
  const taskset = state.taskset ?? page.taskset;
  if (taskset === null) {
    return h(
      'section',
      { class: 'card empty', key: 'timeline' },
      h('h2', null, 'Nothing has been done yet'),
      h(
        'p',
        { class: 'muted' },
        'What is asked for is recorded; it begins when a worker takes it.',
      ),
    );
  }
  const axis = axisOfTaskset(taskset);
  return h(
    'section',
    { class: 'card timeline', key: 'timeline', 'aria-labelledby': 'timeline-title' },
    timelineHead(state, taskset),
    h(
      'div',
      { class: 'waterfall' },
      axisView(axis),
      taskset.operations.map((operation, index) =>
        operationView({ state, taskset, axis }, operation, index),
      ),
    ),
  );
}

interface Context {
  state: ClusterState;
  taskset: ConsoleTaskset;
  axis: Axis;
}

function isOver({ status }: ConsoleTaskset): boolean {
  return (
    status === 'PROVISION_TASKSET_STATUS_COMPLETE' || status === 'PROVISION_TASKSET_STATUS_FAILED'
  );
}

function axisOfTaskset(taskset: ConsoleTaskset): Axis {
  const begin = Date.parse(taskset.createdAt);
  const steps = taskset.operations.flatMap(({ steps }) =>
    steps.flatMap(({ machines }) => machines),
  );
  const starts = steps.flatMap(({ startedAt }) =>
    startedAt === undefined ? [] : Date.parse(startedAt),
  );
  const ends = steps.flatMap(({ endedAt }) => (endedAt === undefined ? [] : Date.parse(endedAt)));
  const end =
    taskset.endedAt === undefined ? (isOver(taskset) ? begin : now()) : Date.parse(taskset.endedAt);
  const from = starts.reduce((least, at) => Math.min(least, at), begin);
  return axisOf(
    from,
    ends.reduce((most, at) => Math.max(most, at), end),
  );
}

function timelineHead(state: ClusterState, taskset: ConsoleTaskset): VNode {
  const { createdAt, endedAt, step, status } = taskset;
  const took = (endedAt === undefined ? now() : Date.parse(endedAt)) - Date.parse(createdAt);
  const failed = status === 'PROVISION_TASKSET_STATUS_FAILED';
  const done = step === undefined ? taskset.total : step.number - 1;
  return h(
    'header',
    { class: 'timeline-head' },
    h(
      'div',
      { class: 'line' },
      h('h2', { id: 'timeline-title' }, `Taskset #${String(taskset.sequence)}`),
      pill(TASKSET[status]),
      h(
        'span',
        { class: 'muted num' },
        h(
          'time',
          { datetime: createdAt, title: moment(createdAt) },
          `began ${age(createdAt, now())}`,
        ),
        ` · ${duration(took)}`,
      ),
      state.taskset !== undefined && h('span', { class: 'tag' }, 'an older one'),
    ),
    step !== undefined &&
      status !== 'PROVISION_TASKSET_STATUS_COMPLETE' &&
      h(
        'div',
        { class: 'progress' },
        h(
          'p',
          null,
          failed ? 'Stopped at ' : '',
          h(
            'b',
            null,
            `${failed ? 'step' : 'Step'} ${String(step.number)} of ${String(step.total)}`,
          ),
          `: ${step.title}`,
        ),
        h(
          'div',
          {
            class: `meter ${failed ? 'bad' : ''}`,
            role: 'progressbar',
            'aria-label': 'Steps done',
            'aria-valuemin': 0,
            'aria-valuemax': step.total,
            'aria-valuenow': done,
          },
          h('i', { style: { width: `${String((done / Math.max(1, step.total)) * 100)}%` } }),
        ),
      ),
    failed && failuresOf(taskset).map(failedAt),
  );
}

interface Failed {
  hostname: string;
  step: ConsoleStep;
  failure: NonNullable<ConsoleMachineStep['failure']>;
}

/** More than this are found at their steps. */
const SUMMED_UP = 3;

function failuresOf({ operations }: ConsoleTaskset): Failed[] {
  return operations
    .flatMap(({ steps }) => steps)
    .flatMap((step) =>
      step.machines.flatMap(({ hostname, failure }) =>
        failure === undefined ? [] : [{ hostname, step, failure }],
      ),
    )
    .slice(0, SUMMED_UP);
}

/** What to do, before anybody looks for where. */
function failedAt({ hostname, step, failure }: Failed): VNode {
  return h(
    'p',
    { class: 'failed-at', key: `${hostname} ${step.name}` },
    h('b', null, hostname),
    h('span', { class: 'cause' }, failure.message),
    failure.hint !== undefined && h('span', { class: 'muted' }, failure.hint),
    h(
      'button',
      {
        type: 'button',
        class: 'link',
        on: {
          click: () =>
            document.getElementById(failureId(hostname, step))?.scrollIntoView({ block: 'center' }),
        },
      },
      'Show its last lines',
    ),
  );
}

function failureId(hostname: string, { name }: ConsoleStep): string {
  return `failure-${hostname}-${name}`;
}

function axisView(axis: Axis): VNode {
  const ticks: number[] = [];
  for (let at = axis.from; at < axis.to; at += axis.tick) ticks.push(at - axis.from);
  return h(
    'div',
    { class: 'wf-row axis', 'aria-hidden': 'true', key: 'axis' },
    h('span'),
    h(
      'div',
      { class: 'track', style: trackStyle(axis) },
      ticks.map((ms) =>
        h(
          'span',
          { key: String(ms), style: { left: `${String(place(axis, axis.from + ms))}%` } },
          tickText(ms),
        ),
      ),
    ),
    h('span'),
  );
}

function trackStyle({ from, to, tick }: Axis): Record<string, string> {
  return { '--tick': `${String((tick / (to - from)) * 100)}%` };
}

function operationView(context: Context, operation: ConsoleOperation, index: number): VNode {
  const { name, status, reason, startedAt, endedAt, temporalUrl, errorSummary } = operation;
  const look = OPERATION[status];
  const steps = operation.steps.filter(({ machines }) => isShown(machines, status));
  return h(
    'section',
    { class: 'wf-operation', key: `operation ${String(index)}`, 'aria-label': words(name) },
    h(
      'div',
      { class: 'wf-row operation' },
      h(
        'div',
        { class: 'wf-label' },
        sign(look),
        h(
          'div',
          { class: 'clip' },
          h('h3', null, words(name)),
          reason !== '' && h('span', { class: 'sub clip', title: reason }, reason),
        ),
        temporalUrl !== undefined &&
          h(
            'a',
            {
              class: 'temporal',
              href: temporalUrl,
              target: '_blank',
              rel: 'noreferrer',
              title: 'Its execution in Temporal',
            },
            'Temporal',
            icon('external'),
          ),
      ),
      h(
        'div',
        { class: 'track', style: trackStyle(context.axis) },
        bar(context.axis, { startedAt, endedAt, look, ended: isEnded(status) }),
      ),
      h('span', { class: 'wf-time num' }, timeText({ startedAt, endedAt, ended: isEnded(status) })),
    ),
    errorSummary !== undefined &&
      !steps.some(({ machines }) => machines.some(({ failure }) => failure !== undefined)) &&
      h('p', { class: 'problem wf-note' }, errorSummary),
    steps.map((step) => stepView(context, step, { index, status })),
  );
}

/** What an operation that has ended did not get to is not shown. */
function isShown(
  machines: readonly ConsoleMachineStep[],
  status: ConsoleOperation['status'],
): boolean {
  return !isEnded(status) || machines.some(({ state }) => state !== 'pending');
}

function isEnded(status: ConsoleOperation['status']): boolean {
  return status === 'PROVISION_TASK_STATUS_SUCCESS' || status === 'PROVISION_TASK_STATUS_FAILED';
}

const ORDER = ['failed', 'running', 'pending', 'done', 'skipped'] as const;

/** What a step is as a whole: as bad as its worst machine. What an operation that has ended did not get to says nothing. */
function stepLook(all: readonly ConsoleMachineStep[], ended: boolean): Look {
  const machines = ended ? all.filter((machine) => machine.state !== 'pending') : all;
  const state = ORDER.find((one) => machines.some((machine) => machine.state === one)) ?? 'pending';
  const begun = machines.some((machine) => machine.state !== 'pending');
  return STEP[state === 'pending' && begun ? 'running' : state];
}

function stepView(
  context: Context,
  step: ConsoleStep,
  of: { index: number; status: ConsoleOperation['status'] },
): VNode {
  const { state, taskset, axis } = context;
  const { machines } = step;
  const key = `${taskset.id}/${String(of.index)}/${step.name}`;
  const failed = machines.some((machine) => machine.state === 'failed');
  const isOpen = state.open.get(key) ?? failed;
  const look = stepLook(machines, isEnded(of.status));
  const spans = machines.filter(({ startedAt }) => startedAt !== undefined);
  const toggle = (): void => {
    state.open.set(key, !isOpen);
    changed();
  };
  return h(
    'div',
    { class: `wf-step ${look.tone}`, key },
    h(
      'div',
      { class: 'wf-row' },
      h(
        'button',
        {
          type: 'button',
          class: 'wf-label',
          'aria-expanded': isOpen ? 'true' : 'false',
          disabled: machines.length === 0,
          on: { click: toggle },
        },
        icon('chevron'),
        sign(look),
        h('span', { class: 'wf-number num' }, step.number === undefined ? '' : String(step.number)),
        h('span', { class: 'wf-title' }, step.title),
        machines.length > 1 && h('span', { class: 'wf-count num' }, machinesText(machines)),
      ),
      h(
        'div',
        { class: 'track', style: trackStyle(axis) },
        machines.length <= LANES
          ? lanes(axis, spans)
          : bar(axis, { ...envelope(spans), look, ended: isEnded(of.status) }),
      ),
      h(
        'span',
        { class: 'wf-time num' },
        timeText({ ...envelope(spans), ended: isEnded(of.status) }),
      ),
    ),
    isOpen && machineRows(context, step, key),
  );
}

function machinesText(machines: readonly ConsoleMachineStep[]): string {
  const ended = machines.filter(({ state }) => state === 'done' || state === 'skipped').length;
  return `${String(ended)}/${String(machines.length)}`;
}

/** One thin bar for each machine, so that it is seen which one took long without opening anything. */
function lanes(axis: Axis, machines: readonly ConsoleMachineStep[]): VNode[] {
  const pitch = Math.min(MOST_PITCH_PX, ROW_PX / Math.max(1, machines.length));
  const first = (ROW_PX - pitch * machines.length) / 2;
  return machines.map((machine, index) => {
    const ended = machine.state !== 'running';
    const lane = bar(axis, { ...machine, look: STEP[machine.state], ended });
    const style = {
      ...lane.props.style,
      top: `${String(first + index * pitch + LANE_GAP_PX / 2)}px`,
      height: `${String(pitch - LANE_GAP_PX)}px`,
    };
    return { ...lane, key: machine.hostname, props: { ...lane.props, style } };
  });
}

interface Span {
  startedAt?: string | undefined;
  endedAt?: string | undefined;
}

function envelope(machines: readonly ConsoleMachineStep[]): Span {
  const starts = machines.flatMap(({ startedAt }) => startedAt ?? []).toSorted();
  const ends = machines.flatMap(({ endedAt }) => endedAt ?? []).toSorted();
  const running = machines.some(({ state }) => state === 'running');
  return { startedAt: starts[0], endedAt: running ? undefined : ends.at(-1) };
}

function bar(axis: Axis, of: Span & { look: Look; ended: boolean }): VNode {
  if (of.startedAt === undefined) return h('i', { class: 'none' });
  const start = Date.parse(of.startedAt);
  const end = of.endedAt === undefined ? (of.ended ? start : now()) : Date.parse(of.endedAt);
  const [left, right] = [place(axis, start), place(axis, end)];
  return h('i', {
    class: `bar ${of.look.tone}`,
    title: `${of.look.word}: ${duration(end - start)}`,
    style: { left: `${String(left)}%`, width: `${String(right - left)}%` },
  });
}

function timeText({ startedAt, endedAt, ended }: Span & { ended: boolean }): string {
  if (startedAt === undefined || (endedAt === undefined && ended)) return '';
  return duration((endedAt === undefined ? now() : Date.parse(endedAt)) - Date.parse(startedAt));
}

function machineRows(context: Context, step: ConsoleStep, key: string): VNode {
  const { state } = context;
  const all = `${key}/all`;
  const sorted = step.machines.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  const many = step.machines.length > LISTED && state.open.get(all) !== true;
  const shown = many ? sorted.slice(0, LISTED) : step.machines;
  return h(
    'div',
    { class: 'wf-machines' },
    shown.map((machine) => machineView(context, step, machine)),
    many &&
      h(
        'button',
        {
          type: 'button',
          class: 'button small',
          on: {
            click: () => {
              state.open.set(all, true);
              changed();
            },
          },
        },
        `Show all ${count(step.machines.length, 'machine')}`,
      ),
  );
}

function machineView(context: Context, step: ConsoleStep, machine: ConsoleMachineStep): VNode {
  const { state, taskset, axis } = context;
  const { hostname, failure, attempt = 1 } = machine;
  const look = STEP[machine.state];
  const log = { tasksetId: taskset.id, node: hostname, step: step.name };
  const isOpen = state.logs.has(logKey(log));
  return h(
    'div',
    { class: 'wf-machine', key: hostname },
    h(
      'div',
      { class: 'wf-row' },
      h(
        'div',
        { class: 'wf-label' },
        sign(look),
        h('span', { class: 'host' }, hostname),
        attempt > 1 && h('span', { class: 'tag' }, `attempt ${String(attempt)}`),
        machine.state !== 'pending' &&
          h(
            'button',
            {
              type: 'button',
              class: 'link',
              'aria-expanded': isOpen ? 'true' : 'false',
              'aria-label': `Log of ${step.title} on ${hostname}`,
              on: { click: () => toggleLog(state, log) },
            },
            'Log',
          ),
      ),
      h(
        'div',
        { class: 'track', style: trackStyle(axis) },
        bar(axis, { ...machine, look, ended: machine.state !== 'running' }),
      ),
      h(
        'span',
        { class: 'wf-time num' },
        timeText({ ...machine, ended: machine.state !== 'running' }),
      ),
    ),
    failure !== undefined && failureView(failure, failureId(hostname, step)),
    isOpen && logView(state, log),
  );
}

function logKey({
  tasksetId,
  node,
  step,
}: {
  tasksetId: string;
  node: string;
  step: string;
}): string {
  return `${tasksetId}/${node}/${step}`;
}
