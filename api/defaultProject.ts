import { AppError, ErrorCode } from '../core/errors.js';
import type { Store } from '../store/types.js';

const DEFAULT_PROJECT = 'defaultproject';

/** The project that clients use unless told otherwise exists from the first start on. */
export async function ensureDefaultProject(store: Store): Promise<void> {
  if ((await store.projects.get(DEFAULT_PROJECT)) !== undefined) return;
  try {
    await store.projects.create({
      name: DEFAULT_PROJECT,
      description: 'There from the start',
      default: true,
    });
  } catch (error) {
    // Another process that started at the same moment made it.
    if (!(error instanceof AppError && error.code === ErrorCode.Conflict)) throw error;
  }
}
