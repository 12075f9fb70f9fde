import type { RuntimeOptions } from '@temporalio/worker';

type Telemetry = NonNullable<RuntimeOptions['telemetryOptions']>;

/** Temporal's own metrics of this process (task slots, polls, latencies) at an address of their own; undefined: none. */
export function temporalMetrics(
  address: { host: string; port: number } | undefined,
): Pick<Telemetry, 'metrics'> {
  if (address === undefined) return {};
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const bindAddress = `${host}:${String(address.port)}`;
  return {
    metrics: {
      prometheus: { bindAddress, countersTotalSuffix: true, useSecondsForDurations: true },
    },
  };
}
