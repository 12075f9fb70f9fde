import { randomBytes } from 'node:crypto';

import type { ClusterSpec } from '../core/cluster.js';
import { AppError, ErrorCode } from '../core/errors.js';
import { familyOf } from '../machine/families.js';
import { parseFacts, type MachineFacts } from '../machine/facts.js';
import { factsParams } from '../machine/steps/facts.js';
import { scriptText, stepModule } from '../machine/steps/registry.js';
import type { MachineSession, Owner } from '../machine/types.js';

/** One round trip that changes nothing: what the machine is, and the worker's clock around it. */
export async function gatherMachineFacts(
  session: MachineSession,
  of: { owner: Owner; tasksetId: string; operatingSystem: string; spec: ClusterSpec },
): Promise<MachineFacts> {
  const module = stepModule('facts');
  const sentAt = Date.now();
  const result = await session.runStep({
    // Facts are of the moment: every gathering is a run of its own.
    runId: `${of.tasksetId}-facts-${randomBytes(4).toString('hex')}`,
    owner: of.owner,
    tasksetId: of.tasksetId,
    step: 'facts',
    script: scriptText(module, familyOf(of.operatingSystem)),
    params: factsParams(of.spec),
    timeoutSeconds: module.timeoutSeconds,
    requireOwner: false,
  });
  if (result.outcome !== 'done') {
    throw new AppError(ErrorCode.StepFailed, 'the facts of the machine could not be gathered', {
      failure: {
        node: session.node,
        step: 'facts',
        lastLines: result.lastLines,
        ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
        ...(result.hint === undefined ? {} : { hint: result.hint }),
      },
    });
  }
  return parseFacts(result.results, { sentAt, receivedAt: Date.now() });
}
