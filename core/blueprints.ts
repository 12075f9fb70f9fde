/** The blueprints that every project has. */
export const BUILT_IN_BLUEPRINTS = ['default', 'minimal'] as const;
