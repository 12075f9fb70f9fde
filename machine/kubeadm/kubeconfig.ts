import { parse, stringify } from 'yaml';

import { AppError, ErrorCode } from '../../core/errors.js';
import { API_ENDPOINT_NAME } from './endpoint.js';

interface Kubeconfig {
  clusters?: { name: string; cluster: Record<string, unknown> }[];
  contexts?: { name: string; context: Record<string, unknown> }[];
  users?: { name: string; user: Record<string, unknown> }[];
  'current-context'?: string;
}

/**
 * An admin kubeconfig that works from outside: the server is the load balancer's endpoint where there is one, else an
 * address of a control plane, verified by the endpoint's name. Names in it are the cluster's, so that several merge without clashing.
 */
export function reachableKubeconfig(
  admin: string,
  to: { address: string; clusterName: string; endpoint?: string | undefined },
): string {
  const config = read(admin);
  const cluster = config?.clusters?.[0];
  const user = config?.users?.[0];
  if (cluster === undefined || user === undefined) {
    throw new AppError(ErrorCode.StepFailed, 'admin.conf holds no cluster or no user');
  }
  const host = to.address.includes(':') ? `[${to.address}]` : to.address;
  const userName = `${to.clusterName}-admin`;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: to.clusterName,
        cluster: {
          ...cluster.cluster,
          ...(to.endpoint === undefined
            ? { server: `https://${host}:6443`, 'tls-server-name': API_ENDPOINT_NAME }
            : { server: `https://${to.endpoint}` }),
        },
      },
    ],
    users: [{ name: userName, user: user.user }],
    contexts: [{ name: to.clusterName, context: { cluster: to.clusterName, user: userName } }],
    'current-context': to.clusterName,
  });
}

/** The parser's own error quotes the text, which is a key. */
function read(admin: string): Kubeconfig | null {
  try {
    return parse(admin) as Kubeconfig | null;
  } catch {
    throw new AppError(ErrorCode.StepFailed, 'admin.conf is not YAML');
  }
}
