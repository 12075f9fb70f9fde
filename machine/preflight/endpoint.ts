import { externalEndpoint } from '../../core/apiEndpoint.js';
import type { EndpointFacts } from '../facts.js';
import type { NodeCheck, NodeFinding, PreflightInput } from './types.js';

/**
 * The load balancer that the spec names: every machine resolves it, and nobody else's API server answers there. Before
 * the first control plane is there, nothing needs to answer.
 */
export const controlPlaneEndpoint: NodeCheck = ({ facts }, input) => {
  const endpoint = externalEndpoint(input.spec);
  if (endpoint === undefined || facts.endpoint === undefined) return [];
  const problem = problemOf(facts.endpoint, endpoint, input);
  return problem === undefined
    ? []
    : [{ check: 'control-plane-endpoint', severity: 'error', ...problem }];
};

function problemOf(
  seen: EndpointFacts,
  { host, address }: { host: string; address: string },
  input: PreflightInput,
): Pick<NodeFinding, 'found' | 'wanted' | 'fix'> | undefined {
  if (seen.addresses.length === 0) {
    return {
      found: `${host} does not resolve`,
      wanted: 'a load balancer that every machine finds',
      fix: 'put it into the DNS that the machine asks, or into its /etc/hosts, or correct network.controlPlaneEndpoint',
    };
  }
  if (seen.state === 'other') {
    return {
      found: `what answers at ${address} is no API server`,
      wanted: "TCP passed through to the control planes' port 6443",
      fix: 'let the load balancer pass TLS through, without ending it or speaking HTTP itself',
    };
  }
  if (seen.state === 'kubernetes' && isForeign(seen, input)) {
    return {
      found: `another cluster's API server answers at ${address}`,
      wanted: 'a load balancer for this cluster alone',
      fix: "take that cluster's control planes out of its pool, or give this cluster an endpoint of its own",
    };
  }
  if (seen.state === 'closed' && input.initialised === true) {
    return {
      found: `nothing answers at ${address}`,
      wanted: 'the API server, which this machine is to join through it',
      fix: 'look for a firewall between the machine and the load balancer, and for control planes in its pool',
    };
  }
  return undefined;
}

/** By its CA: a machine of ours may have got as far as having one. Of a cluster that is there, kubeadm knows it itself. */
function isForeign({ caSha256 }: EndpointFacts, input: PreflightInput): boolean {
  if (input.initialised === true) return false;
  const own = input.nodes
    .filter(({ facts }) => facts.ownerClusterId === input.clusterId)
    .flatMap(({ facts }) => facts.kubernetes?.caSha256 ?? []);
  return caSha256 === undefined ? own.length === 0 : !own.includes(caSha256);
}
