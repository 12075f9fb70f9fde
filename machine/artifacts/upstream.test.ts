import { describe, expect, it } from 'vitest';

import { fixtureCluster, fixtureNode } from '../../test/fixtures/cluster.js';
import { fixtureJoin, fixtureStepContext } from '../../test/fixtures/stepContext.js';
import { stepModules } from '../steps/registry.js';
import type { ArtifactCatalog, StepModule } from '../steps/types.js';
import { addonImages, REGISTRIES, upstreamManifestUrl, upstreamUrl } from './upstream.js';

const { spec } = fixtureCluster();
const MIRROR = 'http://mirror.example:8000/kept';
const online: ArtifactCatalog = { source: 'online', artifacts: [] };
const mirror: ArtifactCatalog = { source: 'mirror', baseUrl: MIRROR, artifacts: [] };

/** What a machine is given, as one text. */
function given(module: StepModule, catalog: ArtifactCatalog, operatingSystem: string): string {
  const nodes = [
    fixtureNode(1, { operatingSystem, roles: ['ControlPlane', 'Worker'] }),
    fixtureNode(2, { operatingSystem }),
  ];
  const context = {
    ...fixtureStepContext({ nodes, catalog, node: 'm1', subject: 'm2', join: fixtureJoin }),
    leaving: nodes.slice(1),
  };
  return JSON.stringify({
    params: module.params(context),
    artifacts: module.artifacts?.(context) ?? [],
  });
}

describe.each(['Debian12', 'Ubuntu22.04', 'Rocky9'])('what %s is given', (operatingSystem) => {
  it.each(stepModules.map((module) => [module.name, module] as const))(
    'by %s is from a mirror what it is online, but for base URLs',
    (_, module) => {
      let fromMirror = given(module, mirror, operatingSystem);
      // Where images come from is told to containerd, which is told nothing online.
      for (const registry of REGISTRIES) {
        fromMirror = fromMirror.replace(`${registry} ${MIRROR}/${registry}/v2`, `${registry} -`);
      }
      expect(fromMirror.replaceAll(`${MIRROR}/`, 'https://')).toBe(
        given(module, online, operatingSystem),
      );
    },
  );
});

describe("Calico's images", () => {
  it.each([
    ['3.28.5', 'docker.io'],
    ['v3.30.7', 'docker.io'],
    ['3.31.0', 'quay.io'],
    ['v3.32.1', 'quay.io'],
  ])('of %s are at %s, where its manifest asks for them', (version, registry) => {
    const network = { ...spec.config.network, cni: { name: 'Calico', version } };
    const images = addonImages(fixtureStepContext({ config: { network } }));
    const tag = `v${version.replace(/^v/, '')}`;
    expect(images.filter((image) => image.includes('/calico/'))).toEqual([
      `${registry}/calico/cni:${tag}`,
      `${registry}/calico/node:${tag}`,
      `${registry}/calico/kube-controllers:${tag}`,
    ]);
  });
});

describe('a mirror', () => {
  it("serves every host's paths below the host's name", () => {
    expect(upstreamUrl(mirror, 'https://dl.k8s.io/release/v1.34.4/x')).toBe(
      `${MIRROR}/dl.k8s.io/release/v1.34.4/x`,
    );
    expect(upstreamUrl(online, 'https://dl.k8s.io/release/v1.34.4/x')).toBe(
      'https://dl.k8s.io/release/v1.34.4/x',
    );
  });

  it.each(['calico-vxlan', 'metrics-server'])('has the manifest %s', (name) => {
    expect(upstreamManifestUrl(name, spec)).toMatch(/^https:\/\/.*\.yaml$/);
  });

  it('is not asked for a manifest that nobody publishes', () => {
    expect(() => upstreamManifestUrl('other', spec)).toThrow(/no manifest other/);
  });
});
