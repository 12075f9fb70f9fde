import type { Artifact } from '../../core/artifacts.js';
import { AppError, ErrorCode } from '../../core/errors.js';
import type { StepContext } from '../steps/types.js';
import { isBundle } from './select.js';
import { upstreamUrl } from './upstream.js';

/** What machines fetch for themselves; a bundle brings its own. */
const HELM_VERSION = 'v3.19.5';

export interface HelmSource {
  version: string;
  /** Of the bundle's file. */
  artifact?: Artifact;
  /** Upstream's archive, with its `.sha256` beside it. */
  url?: string;
}

/**
 * Where a control plane gets helm from, which renders charts there and does nothing else.
 * @throws AppError ArtifactMissing when the bundle has none.
 */
export function helmSource(context: StepContext): HelmSource {
  const { catalog, node } = context;
  if (!isBundle(context)) {
    const archive = `https://get.helm.sh/helm-${HELM_VERSION}-linux-${node.arch}.tar.gz`;
    return { version: HELM_VERSION, url: upstreamUrl(catalog, archive) };
  }
  const artifact = catalog.artifacts.find(
    ({ kind, name, arch }) => kind === 'binary' && name === 'helm' && arch === node.arch,
  );
  if (artifact !== undefined) return { version: artifact.version, artifact };
  throw new AppError(
    ErrorCode.ArtifactMissing,
    `the artifacts (bundle) hold no helm for ${node.arch}: the blueprint's charts cannot be rendered`,
    {
      failure: {
        node: node.hostname,
        step: 'blueprint-sync',
        hint: 'Add helm to the bundle (kind binary, name helm), or give what the chart renders as a Manifest.',
      },
    },
  );
}
