import type { ConsolePaint } from '../core/consoleModel.js';
import { toHtml } from './html.js';
import { listView } from './listView.js';
import { routeOf } from './router.js';
import { shell } from './shell.js';
import { app } from './state.js';
import { wearTheme } from './theme.js';

/** The server's part of the page: bundled by itself, and never sent. Of one request at a time: nothing here waits. */
export const paint: ConsolePaint = ({ session, list }, asked) => {
  app.session = session;
  app.route = routeOf(asked);
  if (list === undefined) delete app.list;
  else app.list = list.value;
  wearTheme(asked.theme);
  return toHtml(shell(listView(app.route.query)));
};
