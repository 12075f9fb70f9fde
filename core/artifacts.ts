/** A bundle's `index.json`: every file a machine may need, with its sum. */
export interface BundleIndex {
  schemaVersion: 1;
  artifacts: Artifact[];
}

export interface Artifact {
  /** Relative to the bundle's directory (or the mirror's base URL). Binaries and images named `.zst` are compressed. */
  path: string;
  sha256: string;
  /** Bytes. */
  size: number;
  kind: 'binary' | 'image' | 'manifest' | 'package' | 'cni';
  name: string;
  version: string;
  arch: 'amd64' | 'arm64' | 'all';
  /** Packages only: the `operatingSystem` word they are for. */
  os?: string;
  /** Kubernetes versions it serves; absent: any. */
  kubernetes?: string[];
  /** Images only: the references inside the archive. */
  images?: string[];
  /** Images only: the roles that need it; absent: every node. */
  roles?: ('ControlPlane' | 'Worker')[];
}
