import { AppError, ErrorCode } from '../core/errors.js';
import { ConditionStatus, ConditionType, NodeStatus, OperationName } from '../core/words.js';
import type { MachineFacts } from '../machine/facts.js';
import { preflight, type PreflightFinding } from '../machine/preflight/preflight.js';
import { setCondition } from './conditions.js';
import type { ActivityDeps } from './deps.js';
import { loadCluster, nodeSpec, type LoadedCluster } from './load.js';
import type { OperationRef } from './refs.js';

export interface Unreachable {
  hostname: string;
  message: string;
  hint?: string;
}

/** As many findings as a status can hold in words; all of them are in the error's details. */
const IN_SUMMARY = 20;

/**
 * All checks over all machines at once, before the first change to any of them. Throws PreflightFailed
 * with every finding; what could not be reached is one of them.
 */
export async function preflightCluster(
  deps: ActivityDeps,
  ref: OperationRef,
  input: { hostnames: string[]; unreachable: Unreachable[] },
): Promise<void> {
  const loaded = await loadCluster(deps, ref, { all: true });
  const lost = new Set(input.unreachable.map((node) => node.hostname));
  const nodes = input.hostnames
    .filter((hostname) => !lost.has(hostname))
    .map((hostname) => ({
      node: nodeSpec(loaded, hostname),
      facts: loaded.nodes.find((node) => node.hostname === hostname)?.facts as MachineFacts,
    }));
  const findings = [
    ...input.unreachable.map(({ hostname, message, hint }): PreflightFinding => ({
      node: hostname,
      check: 'connect',
      severity: 'error',
      found: message,
      wanted: 'a machine that answers over SSH with the key given',
      fix: hint ?? 'check the address, port, login and key, and that the machine is on',
    })),
    ...preflight({
      clusterId: ref.clusterId,
      spec: loaded.record.desired.spec,
      initialised: loaded.record.applied.initialised,
      nodes,
    }),
  ];
  const errors = findings.filter((finding) => finding.severity === 'error');
  for (const finding of findings.filter(({ severity }) => severity === 'warning')) {
    deps.log.warn({ cluster: ref.name, project: ref.project, ...finding }, 'preflight warning');
  }
  if (errors.length === 0) {
    await setCondition(deps, ref, { type: ConditionType.Register, status: ConditionStatus.True });
    return;
  }
  const summary = summarise(errors);
  await recordFindings(deps, ref, ofNodes(errors, ref, loaded));
  await setCondition(deps, ref, {
    type: ConditionType.Register,
    status: ConditionStatus.False,
    reason: summary,
  });
  throw new AppError(ErrorCode.PreflightFailed, summary, {
    problems: errors.map((finding) => ({
      path: `${finding.node}/${finding.check}`,
      message: sentence(finding),
    })),
  });
}

function sentence(finding: PreflightFinding): string {
  return `${finding.check}: found ${finding.found}, wanted ${finding.wanted}; what to do: ${finding.fix}`;
}

function summarise(errors: readonly PreflightFinding[]): string {
  const shown = errors
    .slice(0, IN_SUMMARY)
    .map((finding) => `node ${finding.node}: ${sentence(finding)}`);
  const more = errors.length > IN_SUMMARY ? [`and ${String(errors.length - IN_SUMMARY)} more`] : [];
  const problems = errors.length === 1 ? '1 problem' : `${String(errors.length)} problems`;
  return `preflight found ${problems}, nothing was changed: ${[...shown, ...more].join('. ')}`;
}

/**
 * Those that its own node is failed by. A restore that is refused has changed nothing of nodes that had joined: what is live says
 * what they are, and would say nothing of one that is failed by an operation.
 */
function ofNodes(
  errors: readonly PreflightFinding[],
  { operation }: OperationRef,
  { nodes }: LoadedCluster,
): PreflightFinding[] {
  if (operation !== OperationName.ClusterRestore) return [...errors];
  const joined = new Set(nodes.filter((node) => node.joined).map(({ hostname }) => hostname));
  return errors.filter(({ node }) => !joined.has(node));
}

async function recordFindings(
  deps: ActivityDeps,
  ref: OperationRef,
  errors: readonly PreflightFinding[],
): Promise<void> {
  const byNode = new Map<string, PreflightFinding[]>();
  for (const finding of errors) {
    byNode.set(finding.node, [...(byNode.get(finding.node) ?? []), finding]);
  }
  await Promise.all(
    [...byNode].map(([hostname, findings]) =>
      deps.store.nodes.upsert(ref.clusterId, hostname, {
        status: NodeStatus.Failed,
        lastError: {
          node: hostname,
          step: 'preflight',
          message: findings.map(sentence).join('. '),
          ...(findings[0] === undefined ? {} : { hint: findings[0].fix }),
        },
      }),
    ),
  );
}
