import type { ConsoleFirst, ConsoleList, ConsoleListChange } from '../core/consoleModel.js';
import { askJson, messageOf } from './http.js';
import { follow } from './live.js';
import { app, changed } from './state.js';

const FILTERS = ['name', 'project', 'state', 'label', 'continue'];

/** The page of the list that is followed. */
interface Followed {
  search: string;
  open: boolean;
  /** As the events have told it: they go on from here, whatever was asked for meanwhile. */
  told?: ConsoleList;
  stop: () => void;
}

let followed: Followed | undefined;

/**
 * Shows the page of the list that the address asks for, and follows it until it asks for another one or `leaveList` is
 * called. `first` is what came with the page, where the events go on from.
 */
export function followList(query: URLSearchParams, first?: ConsoleFirst['list']): void {
  const search = searchOf(query);
  if (followed?.search === search) return;
  leaveList();
  const of: Followed = { search, open: false, stop: () => undefined };
  followed = of;
  if (first !== undefined) app.list = of.told = first.value;
  of.stop = follow(
    `/console/clusters/events${search}`,
    {
      onEvent: ({ event, data }) => {
        if (event !== 'list') return;
        const change = JSON.parse(data) as ConsoleListChange;
        app.clockOffsetMs = Date.parse(change.now) - Date.now();
        app.list = of.told = withChange(of.told, change);
        changed();
      },
      onState: (open) => {
        of.open = open;
        if (open) delete app.listError;
        else if (!document.hidden) void askOnce(of);
        changed();
      },
      onRefused: ({ message }) => {
        app.listError = message;
        changed();
      },
    },
    first?.id,
  );
}

export function leaveList(): void {
  followed?.stop();
  followed = undefined;
  delete app.listError;
}

/** The list after an event: rows that are not sent are as they were. */
export function withChange(
  before: ConsoleList | undefined,
  { order, items, about }: ConsoleListChange,
): ConsoleList {
  const rows = new Map([...(before?.items ?? []), ...items].map((row) => [row.id, row]));
  const { items: _rows, ...known } = before ?? { projects: [], items: [] };
  return { ...(about ?? known), items: order.flatMap((id) => rows.get(id) ?? []) };
}

/** While there is no stream: each attempt at one that fails has the list asked for. */
async function askOnce(of: Followed): Promise<void> {
  try {
    const list = await askJson<ConsoleList>(`/console/clusters${of.search}`);
    // What is told now is newer.
    if (followed !== of || of.open) return;
    app.list = list;
    delete app.listError;
  } catch (error) {
    if (followed !== of || of.open) return;
    app.listError = messageOf(error);
  }
  changed();
}

function searchOf(query: URLSearchParams): string {
  const search = new URLSearchParams();
  for (const name of FILTERS) {
    const value = query.get(name);
    if (value !== null) search.set(name, value);
  }
  return search.size === 0 ? '' : `?${search.toString()}`;
}
