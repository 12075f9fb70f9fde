import { externalEndpoint } from '../../core/apiEndpoint.js';
import { API_ENDPOINT_PORT } from '../kubeadm/endpoint.js';
import { isControlPlane } from './capacity.js';
import { OUR_PROCESSES, PORTS } from './thresholds.js';
import type { NodeCheck } from './types.js';

/** The ports Kubernetes needs are free, or held by this cluster's own components. */
export const freePorts: NodeCheck = (machine, { clusterId, spec }) => {
  const { facts } = machine;
  const ours = facts.ownerClusterId === clusterId;
  const proxied = externalEndpoint(spec) === undefined;
  return PORTS.filter(
    ({ controlPlaneOnly, port }) =>
      (!controlPlaneOnly || isControlPlane(machine)) && (proxied || port !== API_ENDPOINT_PORT),
  ).flatMap(({ port, protocol, use }) => {
    const held = facts.ports?.find((each) => each.port === port && each.protocol === protocol);
    if (!held) return [];
    // A port without a process belongs to the kernel (VXLAN) or to what we may not see.
    const isOurs = held.process === undefined || OUR_PROCESSES.includes(held.process);
    if (ours && isOurs) return [];
    return [
      {
        check: 'port',
        severity: 'error',
        found: `${String(port)}/${protocol} is held by ${held.process ?? 'an unknown process'}`,
        wanted: `free, for ${use}`,
        fix: `stop ${held.process ?? 'what listens'} on port ${String(port)}`,
      },
    ];
  });
};
