/** What the provider makes of an attribute: its name in the body, and what is below it. */
type Attribute = string | { name: string; of: Attributes } | { name: string; list: Attributes };
type Attributes = Readonly<Record<string, Attribute>>;
type Values = Record<string, unknown>;

const TAINT: Attributes = { key: 'key', value: 'value', effect: 'effect' };
const SSH: Attributes = {
  ...{ username: 'username', port: 'port' },
  ...{ private_key_path: 'privateKeyPath', passphrase: 'passphrase' },
};
const NODE: Attributes = {
  ...{ hostname: 'hostname', operating_system: 'operatingSystem', arch: 'arch' },
  ...{ private_ip: 'privateIP', interface: 'interface', roles: 'roles' },
  ...{ labels: 'labels', annotations: 'annotations', kubelet_extra_args: 'kubeletExtraArgs' },
  kubelet_configuration_overrides: 'kubeletConfigurationOverrides',
  taints: { name: 'taints', list: TAINT },
  ssh: { name: 'ssh', of: { ...SSH, ip_address: 'ipAddress' } },
};
const NETWORK: Attributes = {
  ...{ pod_subnet: 'podSubnet', service_subnet: 'serviceSubnet' },
  cni: { name: 'cni', of: { name: 'name', version: 'version' } },
  ipv6: { name: 'ipv6', of: { pod_subnet: 'podSubnet', service_subnet: 'serviceSubnet' } },
};
const CONFIG: Attributes = {
  ...{ auto_approve_nodes: 'autoApproveNodes', location: 'location' },
  ...{ dedicated_control_plane: 'dedicatedControlPlane', high_availability: 'highAvailability' },
  ...{ kubernetes_version: 'kubernetesVersion', platform_version: 'platformVersion' },
  ...{ installer_ttl: 'installerTtl', kubelet_extra_args: 'kubeletExtraArgs' },
  kubelet_configuration_overrides: 'kubeletConfigurationOverrides',
  kubernetes_upgrade: {
    name: 'kubernetesUpgrade',
    of: {
      strategy: 'strategy',
      params: { name: 'params', of: { worker_concurrency: 'workerConcurrency' } },
    },
  },
  network: { name: 'network', of: NETWORK },
  cluster_ssh: { name: 'ssh', of: SSH },
  nodes: { name: 'nodes', list: NODE },
};
const RESOURCE: Attributes = {
  ...{ api_version: 'apiVersion', kind: 'kind' },
  metadata: {
    name: 'metadata',
    of: {
      ...{ name: 'name', project: 'project', description: 'description' },
      ...{ labels: 'labels', annotations: 'annotations' },
    },
  },
  spec: {
    name: 'spec',
    of: {
      ...{ type: 'type', cloud_credentials: 'cloudCredentials' },
      blueprint: { name: 'blueprint', of: { name: 'name', version: 'version' } },
      config: { name: 'config', of: CONFIG },
    },
  },
};

/**
 * The body that the provider's `rafay_mks_cluster` sends for a resource: its own defaults added, nodes as a list, and
 * what is false or empty left out.
 * @throws Error for an attribute that the resource does not have, and for a node under another key than its hostname.
 */
export function providerBody(resource: Values): unknown {
  const { metadata, spec, ...rest } = resource as { metadata: Values; spec: Values };
  const config = spec['config'] as Values;
  const nodes = Object.entries(config['nodes'] as Record<string, Values>);
  for (const [key, { hostname }] of nodes) {
    if (key !== hostname) throw new Error(`node ${key} has the hostname ${String(hostname)}`);
  }
  return mapped(RESOURCE, {
    ...{ api_version: 'infra.k8smgmt.io/v3', kind: 'Cluster', ...rest },
    metadata,
    spec: {
      type: 'mks',
      ...spec,
      blueprint: { version: 'latest', ...(spec['blueprint'] as Values) },
      config: { installer_ttl: 365, ...config, nodes: nodes.map(([, node]) => node) },
    },
  });
}

function mapped(attributes: Attributes, values: Values): Values {
  const given = Object.entries(values).filter(
    ([, value]) => value !== null && value !== '' && value !== false,
  );
  return Object.fromEntries(
    given.map(([key, value]) => {
      const attribute = attributes[key];
      if (attribute === undefined) throw new Error(`the resource has no attribute ${key} there`);
      if (typeof attribute === 'string') return [attribute, value];
      if ('of' in attribute) return [attribute.name, mapped(attribute.of, value as Values)];
      return [attribute.name, (value as Values[]).map((one) => mapped(attribute.list, one))];
    }),
  );
}
