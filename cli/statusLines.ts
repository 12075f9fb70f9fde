import type { Cluster } from '../core/cluster.js';
import { CommonConditionStatus } from '../core/words.js';

const WORDS: Readonly<Record<CommonConditionStatus, string>> = {
  [CommonConditionStatus.NotSet]: 'not set',
  [CommonConditionStatus.Submitted]: 'being worked on',
  [CommonConditionStatus.Ok]: 'OK',
  [CommonConditionStatus.Failed]: 'FAILED',
};

/** A cluster's status for people: the conditions, the nodes, and what stands against it. */
export function statusLines({ metadata, status }: Cluster): string[] {
  if (status === undefined) return [`${metadata.name}: no status`];
  const { commonStatus, conditions, mks } = status;
  const reason = commonStatus.reason === '' ? '' : `: ${commonStatus.reason}`;
  return [
    `${metadata.name} (${status.id}) ${WORDS[commonStatus.conditionStatus]}${reason}`,
    ...table(conditions.map(({ type, status: is, reason: why }) => [`  ${type}`, is, why])),
    ...table(mks.nodes.map((node) => [`  ${node.hostname}`, node.status])),
  ];
}

/** Columns as wide as their widest cell; the last one as it is. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
