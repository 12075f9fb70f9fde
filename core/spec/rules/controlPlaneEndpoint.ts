import { readEndpoint } from '../../apiEndpoint.js';
import type { Problem } from '../../errors.js';
import { canonicalText, contains, parseAddress } from '../cidr.js';
import { at, problemAt, text, type Cursor } from '../cursor.js';
import { isEndpoint } from '../formats.js';
import { nodesOf } from '../nodeView.js';
import { rangesOf, RESERVED } from './networks.js';
import type { Rule } from './rule.js';

/** Names that mean each machine itself, or that only pods resolve. */
const NOT_A_LOAD_BALANCER = /^(.*\.)?localhost$|^plinth-api\.internal$|\.svc$|\.cluster\.local$/;

/** The load balancer is something that all machines reach, and none of them. */
export const controlPlaneEndpointRule: Rule = (root) => {
  const network = at(root, 'spec', 'config', 'network');
  const cursor = at(network, 'controlPlaneEndpoint');
  const given = text(cursor);
  // What is wrong with its form the schema says.
  if (given === undefined || !isEndpoint(given)) return [];
  const { host } = readEndpoint(given);
  const problem = problemOf(host, network, root);
  return problem === undefined ? [] : [problemAt(cursor, problem)];
};

function problemOf(host: string, network: Cursor, root: Cursor): Problem['message'] | undefined {
  const nodes = nodesOf(root);
  const same = (other: string | undefined): boolean =>
    other !== undefined && canonicalText(other) === canonicalText(host);
  const machine = nodes.find(({ cursor, hostname }) =>
    [hostname, text(at(cursor, 'privateIP')), text(at(cursor, 'ssh', 'ipAddress'))].some(same),
  );
  if (machine !== undefined) {
    return `${host} is the machine of ${machine.called}, and the API would be away whenever that is: give a load balancer's name or address, or leave it out`;
  }
  if (NOT_A_LOAD_BALANCER.test(host)) {
    return `${host} is no name of a load balancer that machines share`;
  }
  const address = parseAddress(host);
  if (address === undefined) return undefined;
  const reserved = RESERVED.find((range) => contains(range, address));
  if (reserved !== undefined) {
    return `${host} lies in ${reserved.text}, which machines do not share`;
  }
  const range = rangesOf(network).find(({ cidr }) => contains(cidr, address));
  return range === undefined
    ? undefined
    : `${host} lies in ${range.name} ${range.cidr.text}: a load balancer needs an address outside of the cluster`;
}
