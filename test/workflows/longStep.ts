import { Context } from '@temporalio/activity';

/** A script that would go on for hours, and ends when it is told to. `live`: it runs. */
export function longStep(name: string): {
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
      await context.cancelled.finally(() => clearInterval(beating));
    },
  };
}
