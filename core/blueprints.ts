/** The blueprints that every project has. */
export const BUILT_IN_BLUEPRINTS = ['default', 'minimal'] as const;

export type BuiltInBlueprint = (typeof BUILT_IN_BLUEPRINTS)[number];

/** What each holds beside our namespace and the cluster's identity, which all do. */
export const BLUEPRINT_ADDONS: Readonly<Record<BuiltInBlueprint, readonly string[]>> = {
  default: ['metrics-server'],
  minimal: [],
};
