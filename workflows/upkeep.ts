import {
  ActivityFailure,
  ApplicationFailure,
  continueAsNew,
  isCancellation,
  patched,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';

import {
  UPKEEP_PARTS,
  type UpkeepInput,
  type UpkeepPage,
  type UpkeepPart,
} from '../core/upkeep.js';
import { describeFailure } from './failures.js';
import { upkeepPages } from './proxies.js';

/**
 * After a page that asked clusters for work: with 50 of them in a page, at most 200 workflows a minute begin because of
 * the clock, however many clusters are due at once.
 */
const BREATH = '15 s';
/** Pages before the history is begun anew. */
const PAGES = 200;

/** A part of passes that older workers began: machines were asked, what is done by the watchers now. */
const EXPIRIES = 'expiries';
/** Of one such pass, by pages of 20 clusters. */
const READS = 600;

/**
 * One pass of the hourly work: page by page through all that is due. The schedule starts it, and skips an hour in which
 * the pass before is still at work. A part that cannot be ended is left to the next pass, which begins it anew.
 */
export async function upkeep(input: UpkeepInput = {}): Promise<void> {
  const at = input.at ?? workflowInfo().startTime.toISOString();
  const failures = [...(input.failures ?? [])];
  let { asked = 0, read = 0, after } = input;
  let pages = 0;
  const first = input.part === EXPIRIES ? UPKEEP_PARTS.length : startOf(input.part);
  for (const part of UPKEEP_PARTS.slice(first)) await pass(part);
  // One that has come so far is walked to its end; a pass ends within a day.
  if (!patched('watchers-read-certificates')) await pass(EXPIRIES);
  setCurrentDetails(`${String(asked)} asked`);
  if (failures.length === 0) return;
  throw ApplicationFailure.create({
    type: 'UpkeepFailed',
    nonRetryable: true,
    message: failures.join('. '),
  });

  async function pass(part: UpkeepPage['part']): Promise<void> {
    for (;;) {
      setCurrentDetails(`${part}; so far ${String(asked)} asked`);
      if (pages === PAGES) {
        const position = { at, part, ...(after === undefined ? {} : { after }) };
        await continueAsNew<typeof upkeep>({ ...position, asked, read, failures });
      }
      pages += 1;
      const summary = after === undefined ? part : `${part}: further`;
      try {
        const turn = await upkeepPages.upkeepPage.executeWithOptions({ summary }, [
          { part, at, ...(after === undefined ? {} : { after }) },
        ]);
        asked += turn.asked;
        read += turn.read ?? 0;
        after = read >= READS && part === EXPIRIES ? undefined : turn.next;
        if (turn.asked > 0) await sleep(BREATH);
      } catch (error) {
        if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
        failures.push(`${part}: ${describeFailure(error)}`);
        after = undefined;
      }
      if (after === undefined) return;
    }
  }
}

function startOf(part: UpkeepPart = UPKEEP_PARTS[0]): number {
  return UPKEEP_PARTS.indexOf(part);
}
