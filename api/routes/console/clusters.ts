import type { OpenAPIHono } from '@hono/zod-openapi';

import { principalOf, type ApiContext, type ApiEnv } from '../../env.js';
import { followFeed } from '../../followFeed.js';
import { taggedJson } from '../../http/entityTag.js';
import { keyAccess } from '../../middleware/access.js';
import { listAsked, readConsoleList, type ListAsked } from '../../web/consoleList.js';
import { listChangeText, type ListMoment } from '../../web/listFeed.js';

/** The console's list, now and as it changes. */
export function consoleClusters(app: OpenAPIHono<ApiEnv>): void {
  app.get('/console/clusters/events', keyAccess('viewer'), (c) => {
    const asked = askedBy(c);
    return followFeed<ListMoment>(c, {
      follow: (listener) => c.var.listFeed.follow(asked, listener),
      event: (moment, last) => ({ event: 'list', data: listChangeText(moment, last) }),
    });
  });

  /** For who has no stream: it was cut, or the key has too many of them. */
  app.get('/console/clusters', keyAccess('viewer'), async (c) =>
    taggedJson(c, await readConsoleList(c.var.deps.store, askedBy(c))),
  );
}

/** By the query of the request, whose principal is known. @throws AppError InvalidRequest for a query that is none. */
export function askedBy(c: ApiContext): ListAsked {
  return listAsked(principalOf(c), c.req.query());
}
