import { AppError, ErrorCode } from '../../../core/errors.js';
import type { ClusterRecord } from '../../../core/records.js';
import { keyOfRequest } from '../../auth/apiKey.js';
import type { ApiContext } from '../../env.js';
import { clusterOfToken } from '../../installer/installToken.js';
import { limitOfAddress } from '../../requestLimits.js';

/**
 * The cluster that the request's installer token is for.
 * @throws AppError NotFound, the same whether the token is missing, unknown, expired, revoked or of a cluster that
 * is gone: it tells nothing. HttpError 429 for too many of those.
 */
export async function machineAccess(
  c: ApiContext,
): Promise<{ cluster: ClusterRecord; tokenId: string }> {
  const found = await clusterOfToken(
    c.var.deps,
    keyOfRequest((name) => (name === 'authorization' ? c.req.header(name) : undefined)),
  );
  if (found !== undefined) return found;
  limitOfAddress(c);
  throw new AppError(ErrorCode.NotFound, 'there is nothing here');
}
