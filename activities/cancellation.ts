import { Context } from '@temporalio/activity';

/** A person, or a deletion, asked for it: not a worker that shuts down, whose work another one goes on with. */
export function isRequestedCancel(): boolean {
  return Context.current().cancellationDetails?.cancelRequested === true;
}

/** For a script that a requested cancel waits for: aborts only where the worker lets go of it. */
export function signalOfShutdown(): AbortSignal {
  const { cancellationSignal: signal } = Context.current();
  const shutdown = new AbortController();
  const abort = (): void => {
    if (!isRequestedCancel()) shutdown.abort(signal.reason);
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return shutdown.signal;
}
