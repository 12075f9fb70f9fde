/** A request body larger than this is refused before it is parsed: bytes. A 1,000-node spec is about 0.5 MB. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** What upstream Kubernetes supports in one cluster. */
export const MAX_NODES = 5_000;

/** More than seven etcd members only make every write slower. */
export const MAX_CONTROL_PLANES = 7;

/** What glibc's resolver, and so the kubelet, reads of a resolv.conf. */
export const MAX_NAMESERVERS = 3;

/** All annotations of a Kubernetes object together: bytes. */
export const MAX_ANNOTATIONS_BYTES = 256 * 1024;

/** A text of kubelet settings: characters. */
export const MAX_OVERRIDES_LENGTH = 64 * 1024;

/** `--cluster-cidr` is handed out to nodes in blocks of this size. */
export const NODE_PREFIX = { ipv4: 24, ipv6: 64 } as const;

/** Of one blueprint. */
export const MAX_ADDONS = 50;

/** Of one Kustomize add-on. */
export const MAX_ADDON_FILES = 500;

export const MAX_URL_LENGTH = 2048;

/** What the URL of an add-on may give: bytes. */
export const MAX_FETCHED_BYTES = 8 * 1024 * 1024;

/** All contents of one version of a blueprint together, as they are kept: bytes. */
export const MAX_BLUEPRINT_BYTES = 16 * 1024 * 1024;
