import type { ImageSpec } from './image.js';

export type NodeRole = 'ControlPlane' | 'Worker';

/** An image and what the bundle's index says of it. */
export interface NamedImage extends ImageSpec {
  readonly name: string;
  readonly version: string;
  /** The nodes that need it. */
  readonly roles: readonly NodeRole[];
}
