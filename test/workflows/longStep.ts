import { Context } from '@temporalio/activity';

/** A script that would go on for hours, and ends when it is told to; one that `finishes` ends well then. `live`: it runs. */
export function longStep(
  name: string,
  { finishes = false } = {},
): {
  onStep: (step: string) => Promise<void>;
  live: Promise<void>;
} {
  let begun: () => void = () => undefined;
  const live = new Promise<void>((resolve) => {
    begun = resolve;
  });
  return {
    live,
    onStep: async (step) => {
      if (step !== name) return;
      const context = Context.current();
      const beating = setInterval(() => context.heartbeat(), 50);
      begun();
      const cancelled = context.cancelled.finally(() => clearInterval(beating));
      await (finishes ? cancelled.catch(() => undefined) : cancelled);
    },
  };
}
