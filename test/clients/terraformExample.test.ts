import { readFileSync } from 'node:fs';

import { beforeAll, describe, expect, test } from 'vitest';

import type { Cluster } from '../../core/cluster.js';
import { supportLevel } from '../../core/matrix.js';
import { parseCluster } from '../../core/spec/parseCluster.js';
import { fixtureContext } from '../fixtures/cluster.js';
import { providerBody } from './terraformBody.js';
import {
  evaluated,
  readTerraformExample,
  variablesOf,
  type TerraformConfig,
} from './terraformConfig.js';

/** `examples/terraform`, read by a parser of its language, and what the provider would send of it. */

const readme = readFileSync('examples/terraform/README.md', 'utf8');
const openapi = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
  paths: Record<string, object>;
};
const ADDRESS = 'rafay_mks_cluster.demo';

let config: TerraformConfig;
let values: Record<string, string>;
let body: Cluster;
beforeAll(async () => {
  config = await readTerraformExample();
  const given = { endpoint: 'plinth.example.com:8080', api_key: 'of-a-person' };
  values = Object.fromEntries(
    Object.entries({ ...defaults(config), ...given }).map(([name, value]) => [
      `var.${name}`,
      value,
    ]),
  );
  body = providerBody(evaluated(resource(), values)) as Cluster;
  const { name, project } = body.metadata;
  values[`${ADDRESS}.metadata.name`] = name;
  values[`${ADDRESS}.metadata.project`] = project;
}, 15 * 60_000);

function defaults({ variables }: TerraformConfig): Record<string, string> {
  const own = Object.entries(variables).filter(([, one]) => one.default !== undefined);
  return Object.fromEntries(own.map(([name, one]) => [name, String(one.default)]));
}

function resource(): Record<string, unknown> {
  const found = config.resources['rafay_mks_cluster']?.['demo'];
  if (found === undefined) throw new Error(`the example has no ${ADDRESS}`);
  return found;
}

describe('the Terraform example', () => {
  test('what the provider sends of it is accepted, and answered as it was sent', () => {
    const parsed = parseCluster(body, fixtureContext());
    expect(parsed.ok ? [] : parsed.problems).toEqual([]);
    expect(parsed.ok && parsed.echo).toEqual(body);
    expect(parsed.ok && parsed.secrets).toEqual({});
  });

  test('its versions are ones that are tested, those of the upgrade too', () => {
    const [, upgrade = ''] = /-var kubernetes_version=(v[\d.]+)/.exec(readme) ?? [];
    const { kubernetesVersion, network, nodes } = body.spec.config;
    for (const kubernetes of [kubernetesVersion, upgrade]) {
      const levels = nodes.map(({ operatingSystem, arch }) =>
        supportLevel({ kubernetes, calico: network.cni.version, operatingSystem, arch }),
      );
      expect([kubernetes, new Set(levels)]).toEqual([kubernetes, new Set(['tested'])]);
    }
  });

  test('every variable is used, and only such as there are', () => {
    const used = variablesOf([config.providers, config.resources, config.outputs]);
    expect(new Set(used)).toEqual(new Set(Object.keys(config.variables)));
    const told = [...readme.matchAll(/TF_VAR_(\w+)/g)].map(([, name]) => name);
    const needed = Object.entries(config.variables).filter(([, one]) => one.default === undefined);
    expect(new Set(told)).toEqual(new Set(needed.map(([name]) => name)));
  });

  test('the key comes from a variable that Terraform does not show, and stands nowhere', () => {
    expect(config.providers['rafay']).toEqual({
      api_key: '${var.api_key}',
      rest_endpoint: '${var.endpoint}',
      project: '${var.project}',
    });
    const { api_key: key } = config.variables;
    expect(key).toMatchObject({ sensitive: true });
    expect(key).not.toHaveProperty('default');
  });

  test('its outputs are what an import takes, and a route of the API', () => {
    const { cluster, kubeconfig_url: url } = evaluated(config.outputs, values);
    expect(cluster?.value).toBe('demo/defaultproject');
    expect(readme).toContain(`terraform import ${ADDRESS} NAME/PROJECT`);
    const { host, pathname } = new URL(url?.value ?? '');
    expect(host).toBe('plinth.example.com:8080');
    const route = pathname.replace('/defaultproject/', '/{project}/').replace('/demo/', '/{name}/');
    expect(Object.keys(openapi.paths)).toContain(route);
  });
});
