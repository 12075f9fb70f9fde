import { CLUSTER } from '../clusters/paths.js';

export const SNAPSHOTS = `${CLUSTER}/snapshots`;
export const SNAPSHOT = `${SNAPSHOTS}/{id}`;
