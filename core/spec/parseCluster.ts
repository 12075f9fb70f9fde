import type { Cluster } from '../cluster.js';
import type { Problem } from '../errors.js';
import { SERVER_METADATA } from '../serverMetadata.js';
import { splitSecrets, type SpecSecrets } from '../specSecrets.js';
import type { Desired } from '../specHash.js';
import { isRecord, type Cursor } from './cursor.js';
import type { ParseContext } from './parseContext.js';
import { blueprintRule } from './rules/blueprint.js';
import { controlPlaneEndpointRule } from './rules/controlPlaneEndpoint.js';
import { controlPlaneRule } from './rules/controlPlane.js';
import { identityRule } from './rules/identity.js';
import { kubeletRule } from './rules/kubelet.js';
import { labelsRule } from './rules/labels.js';
import { networksRule } from './rules/networks.js';
import { placementRule } from './rules/placement.js';
import { proxyRule } from './rules/proxy.js';
import type { Rule } from './rules/rule.js';
import { sharingRule } from './rules/sharing.js';
import { snapshotsRule } from './rules/snapshots.js';
import { sshRule } from './rules/ssh.js';
import { topologyRule } from './rules/topology.js';
import { uniquenessRule } from './rules/uniqueness.js';
import { versionsRule } from './rules/versions.js';
import { clusterSchema } from './schema/cluster.js';
import { schemaProblems } from './schemaProblems.js';
import { unsupportedRule } from './unsupported.js';

const RULES: readonly Rule[] = [
  identityRule,
  topologyRule,
  uniquenessRule,
  networksRule,
  controlPlaneEndpointRule,
  versionsRule,
  sshRule,
  labelsRule,
  kubeletRule,
  controlPlaneRule,
  proxyRule,
  sharingRule,
  placementRule,
  blueprintRule,
  snapshotsRule,
  unsupportedRule,
];

export type ParsedCluster =
  | {
      ok: true;
      /** As given, but for `status` and server-set metadata; `metadata.project` filled from the URL where left out. */
      cluster: Cluster;
      /** The same without write-only fields: what is stored in the open and answered. */
      echo: Desired;
      /** The write-only fields, by the names of core/specSecrets. */
      secrets: SpecSecrets;
    }
  | { ok: false; problems: Problem[] };

/**
 * Checks a document that a client sent, read from JSON or YAML: its shape, what must hold between fields, and the
 * version matrix. Never throws and changes nothing: every problem at once with its path, in the order of paths, or the
 * cluster with no default added and nothing normalised.
 */
export function parseCluster(raw: unknown, context: ParseContext): ParsedCluster {
  const problems = problemsOf(raw, context);
  if (problems.length > 0) return { ok: false, problems };
  const cluster = withoutServerFields(raw as Cluster, context.project);
  const { echo, secrets } = splitSecrets(cluster);
  return { ok: true, cluster, echo, secrets };
}

/** zod leaves out refinements of a map once a field of it has the wrong type: so the rules are a pass of their own. */
function problemsOf(raw: unknown, context: ParseContext): Problem[] {
  if (!isRecord(raw)) {
    return [{ path: '', message: 'the body must be a Cluster: a map with apiVersion, kind, …' }];
  }
  const root: Cursor = { value: raw, path: '' };
  const found = [
    ...schemaProblems(clusterSchema, raw),
    ...RULES.flatMap((rule) => rule(root, context)),
  ];
  const unique = new Map(found.map((problem) => [`${problem.path}\n${problem.message}`, problem]));
  const collator = new Intl.Collator('en', { numeric: true });
  return [...unique.values()].toSorted((a, b) => collator.compare(a.path, b.path));
}

function withoutServerFields(raw: Cluster, project: string): Cluster {
  const { apiVersion, kind, metadata, spec } = structuredClone(raw);
  const own = Object.entries(metadata).filter(([key]) => !SERVER_METADATA.has(key));
  return {
    apiVersion,
    kind,
    metadata: { ...(Object.fromEntries(own) as unknown as Cluster['metadata']), project },
    spec,
  };
}
