import { describe } from 'vitest';
import { merge, set } from '../../../test/fixtures/change.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('kubelet', () => {
  const config = (members: object) => merge('spec.config', members);
  ruleTable([
    {
      title: 'a flag with dashes',
      bad: config({ kubeletExtraArgs: { '--v': '4' } }),
      path: 'spec.config.kubeletExtraArgs["--v"]',
      says: 'without the dashes: "v"',
      good: config({ kubeletExtraArgs: { v: '4' } }),
    },
    {
      title: 'a flag that is none',
      bad: config({ kubeletExtraArgs: { 'max pods': '4' } }),
      path: 'spec.config.kubeletExtraArgs["max pods"]',
      says: 'is not a flag',
    },
    {
      title: 'a flag that is ours',
      bad: config({ kubeletExtraArgs: { 'node-ip': '10.0.0.1' } }),
      path: 'spec.config.kubeletExtraArgs.node-ip',
      says: "--node-ip cannot be set: it is the node's privateIP",
    },
    {
      title: "a flag of a node's that is ours",
      bad: set('spec.config.nodes[2].kubeletExtraArgs', { 'node-labels': 'a=b' }),
      path: 'spec.config.nodes[2].kubeletExtraArgs.node-labels',
      says: "use the node's labels",
      good: set('spec.config.nodes[2].kubeletExtraArgs', { 'max-pods': '50' }),
    },
    {
      title: 'a flag with a line break in it',
      bad: config({ kubeletExtraArgs: { v: '4\nExecStart=' } }),
      path: 'spec.config.kubeletExtraArgs.v',
      says: 'a line break',
    },
    {
      title: 'settings that are no YAML',
      bad: config({ kubeletConfigurationOverrides: 'a: [1' }),
      path: 'spec.config.kubeletConfigurationOverrides',
      says: 'is not YAML: ',
      good: config({ kubeletConfigurationOverrides: 'maxPods: 200\nevictionHard:\n  a: 5%\n' }),
    },
    {
      title: 'settings that are no map',
      bad: config({ kubeletConfigurationOverrides: '- maxPods' }),
      path: 'spec.config.kubeletConfigurationOverrides',
      says: 'is not a YAML map of KubeletConfiguration fields',
    },
    {
      title: 'settings that are ours',
      bad: config({ kubeletConfigurationOverrides: 'cgroupDriver: cgroupfs' }),
      path: 'spec.config.kubeletConfigurationOverrides',
      says: 'cgroupDriver cannot be set: plinth sets it up',
    },
    {
      title: "settings of a node's that are ours",
      bad: set('spec.config.nodes[2].kubeletConfigurationOverrides', 'clusterDNS: [10.0.0.1]'),
      path: 'spec.config.nodes[2].kubeletConfigurationOverrides',
      says: 'clusterDNS cannot be set: it follows from network.serviceSubnet',
    },
    {
      title: 'settings of another kind',
      bad: config({ kubeletConfigurationOverrides: 'kind: KubeProxyConfiguration' }),
      path: 'spec.config.kubeletConfigurationOverrides',
      says: 'kind must be KubeletConfiguration, or be left out',
      good: config({
        kubeletConfigurationOverrides:
          'kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\nmaxPods: 9',
      }),
    },
  ]);
});
