import { AppError, ErrorCode } from '../core/errors.js';
import { kubernetesRow } from '../core/matrix.js';
import type { KubernetesRow } from '../core/matrixData.js';

/**
 * The matrix's row of a version that validation has let through.
 * @throws AppError InvalidRequest for any other.
 */
export function neededRow(kubernetesVersion: string): KubernetesRow {
  const row = kubernetesRow(kubernetesVersion);
  if (row !== undefined) return row;
  throw new AppError(
    ErrorCode.InvalidRequest,
    `Kubernetes ${kubernetesVersion} is not in the version matrix`,
  );
}
