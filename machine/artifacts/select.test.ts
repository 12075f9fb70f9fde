import { describe, expect, it } from 'vitest';

import { fixtureStepContext } from '../../test/fixtures/stepContext.js';
import { images } from './select.js';

const withCalico = (version: string) => {
  const { spec } = fixtureStepContext();
  const network = { ...spec.config.network, cni: { name: 'Calico', version } };
  return fixtureStepContext({ config: { network } });
};

describe("a bundle's images for a node", () => {
  it.each(['3.28.5', 'v3.28.5'])('have those of the network: Calico %s', (version) => {
    const names = images(withCalico(version)).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('calico')).toSorted()).toEqual([
      ...['calico-cni', 'calico-kube-controllers', 'calico-node'],
    ]);
  });

  it('are refused where they lack the network: its agents would wait for theirs for ever', () => {
    expect(() => images(withCalico('3.31.2'))).toThrow(
      'hold no images of Calico v3.31.2 for amd64',
    );
  });
});
