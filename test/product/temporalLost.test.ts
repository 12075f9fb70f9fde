import { afterAll, beforeAll, expect, test } from 'vitest';

import { CommonConditionStatus } from '../../core/words.js';
import { startScriptedProduct, type ScriptedProduct } from './scriptedProduct.js';

/*
 * What docs/production.md promises of a backup: MongoDB and the master key are all there is to keep. API and worker run on
 * while Temporal comes back with nothing in it, as after the loss of its database.
 */

/** By what docs/production.md says within a minute, and its machine's way. */
const FOUND_AGAIN_MS = 120_000;

let product: ScriptedProduct;
beforeAll(async () => {
  product = await startScriptedProduct(3);
}, 120_000);
afterAll(() => product.stop());

test('a cluster goes on when all that Temporal knew is lost, in the middle of an operation', async () => {
  const ok = { conditionStatus: CommonConditionStatus.Ok };
  await product.apply(1);
  expect((await product.settled())?.commonStatus).toMatchObject(ok);
  const release = product.hold('packages on m2');
  const begun = product.begun('packages on m2');
  await product.apply(2);
  await begun;

  await product.loseTemporal();
  release();
  expect((await product.settled(FOUND_AGAIN_MS))?.commonStatus).toMatchObject(ok);
  await product.apply(3);
  expect((await product.settled())?.commonStatus).toMatchObject(ok);
  // What is done is done: nothing was made a second time.
  for (const step of ['kubeadm-init on m1', 'kubeadm-join on m2', 'kubeadm-join on m3']) {
    expect(product.times(step), step).toBe(1);
  }
  // More than all these waits: the one that fails says so itself.
}, 330_000);
