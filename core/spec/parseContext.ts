/** What the rules must know beside the document itself. */
export interface ParseContext {
  /** The project of the URL: `metadata.project` must be it, or be left out. */
  project: string;
  /** The name of the URL, where it has one. */
  name?: string;
  /** Blueprints of the project: name → its versions (none: it has no versions to choose from). */
  blueprints: ReadonlyMap<string, readonly string[]>;
  /** Names of the project's uploaded credentials. */
  credentials: ReadonlySet<string>;
  /** Reads a YAML document; throws an Error with a message for people when it is none. */
  parseYaml: (text: string) => unknown;
  /** All projects: those that a cluster may be shared with; absent: not asked. */
  projects?: ReadonlySet<string>;
  /** Why these PEM certificates are no CA to trust, in words; undefined: they are. */
  certificateProblem?: (pem: string) => string | undefined;
  /** An even number of control planes is let be: `any` of them, or exactly these; absent: none. */
  evenControlPlanes?: 'any' | readonly string[];
  /** Why this key cannot be used (not there, not readable, outside the key folder), in words; undefined: it can. */
  checkKeyPath?: (privateKeyPath: string) => string | undefined;
}
