/** How long disruption budgets may hold a drain up before it fails and names the pod, unless PLINTH_DRAIN_MINUTES says otherwise. */
export const DEFAULT_DRAIN_MINUTES = 10;
/** With the volumes that are waited for afterwards it stays below what an activity of a step may take. */
export const MAX_DRAIN_MINUTES = 120;
