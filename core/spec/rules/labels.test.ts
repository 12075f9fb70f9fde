import { describe } from 'vitest';
import { merge, set } from '../../../test/fixtures/change.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('labels, taints and annotations', () => {
  const node = (members: object) => merge('spec.config.nodes[1]', members);
  ruleTable([
    {
      title: 'a label key with a blank',
      bad: node({ labels: { 'a b': 'c' } }),
      path: 'spec.config.nodes[1].labels["a b"]',
      says: '"a b" is not a key',
      good: node({ labels: { 'example.com/a_b.C-9': '' } }),
    },
    {
      title: 'a label key with two slashes',
      bad: node({ labels: { 'a/b/c': 'd' } }),
      path: 'spec.config.nodes[1].labels["a/b/c"]',
      says: 'is not a key',
    },
    {
      title: 'a label value with a blank',
      bad: node({ labels: { a: 'b c' } }),
      path: 'spec.config.nodes[1].labels.a',
      says: '"b c" is not a label\'s value',
      good: node({ labels: { a: 'b_c' } }),
    },
    {
      title: 'a label value of 64 characters',
      bad: node({ labels: { a: 'b'.repeat(64) } }),
      path: 'spec.config.nodes[1].labels.a',
      says: 'at most 63',
      good: node({ labels: { a: 'b'.repeat(63) } }),
    },
    {
      title: 'a label of the kubelet',
      bad: node({ labels: { 'kubernetes.io/hostname': 'x' } }),
      path: 'spec.config.nodes[1].labels["kubernetes.io/hostname"]',
      says: 'follows from the node and its roles',
      good: node({ labels: { 'node-role.kubernetes.io/gpu': '' } }),
    },
    {
      title: 'a label of ours',
      bad: node({ labels: { 'plinth.io/location': 'x' } }),
      path: 'spec.config.nodes[1].labels["plinth.io/location"]',
      says: 'cannot be set',
    },
    {
      title: 'a prototype as a label',
      bad: node({ labels: JSON.parse('{"__proto__":"x"}') as object }),
      path: 'spec.config.nodes[1].labels.__proto__',
      says: 'is not a key',
    },
    {
      title: 'a location that can be no label',
      bad: set('spec.config.location', 'San José'),
      path: 'spec.config.location',
      says: "is not a label's value",
      good: set('spec.config.location', 'sanjose-us'),
    },
    {
      title: "a label of the cluster's own",
      bad: set('metadata.labels', { '/x': 'y' }),
      path: 'metadata.labels["/x"]',
      says: 'is not a key',
    },
    {
      title: 'an annotation key',
      bad: node({ annotations: { 'Example.com/a': 'x' } }),
      path: 'spec.config.nodes[1].annotations["Example.com/a"]',
      says: 'is not a key',
      good: node({ annotations: { 'example.com/a': 'any text: at all\n' } }),
    },
    {
      title: 'annotations beyond what an object holds',
      bad: node({ annotations: { a: 'x'.repeat(262_144) } }),
      path: 'spec.config.nodes[1].annotations',
      says: 'take 262145 bytes: Kubernetes allows 262144',
      good: node({ annotations: { a: 'x'.repeat(262_143) } }),
    },
    {
      title: 'an annotation of Calico',
      bad: node({ annotations: { 'projectcalico.org/IPv4Address': 'x' } }),
      path: 'spec.config.nodes[1].annotations["projectcalico.org/IPv4Address"]',
      says: 'is kept by plinth, kubeadm or Calico',
    },
    {
      title: 'a taint key',
      bad: node({ taints: [{ key: '', effect: 'NoSchedule' }] }),
      path: 'spec.config.nodes[1].taints[0].key',
      says: 'is not a key',
      good: node({ taints: [{ key: 'example.com/gpu', effect: 'NoSchedule' }] }),
    },
    {
      title: 'a taint value',
      bad: node({ taints: [{ key: 'a', value: '!', effect: 'NoSchedule' }] }),
      path: 'spec.config.nodes[1].taints[0].value',
      says: "is not a label's value",
    },
    {
      title: 'a taint effect',
      bad: node({ taints: [{ key: 'a', effect: 'noschedule' }] }),
      path: 'spec.config.nodes[1].taints[0].effect',
      says: 'did you mean "NoSchedule"?',
    },
    {
      title: 'the same taint twice',
      bad: node({
        taints: [
          { key: 'a', value: 'b', effect: 'NoSchedule' },
          { key: 'a', value: 'c', effect: 'NoSchedule' },
        ],
      }),
      path: 'spec.config.nodes[1].taints[1]',
      says: 'there is a taint a NoSchedule already',
      good: node({
        taints: [
          { key: 'a', value: 'b', effect: 'NoSchedule' },
          { key: 'a', value: 'c', effect: 'NoExecute' },
        ],
      }),
    },
    {
      title: "the control plane's taint",
      bad: node({
        taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
      }),
      path: 'spec.config.nodes[1].taints[0].key',
      says: 'follows from the roles',
    },
    {
      title: 'a taint of the node controller',
      bad: node({ taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] }),
      path: 'spec.config.nodes[1].taints[0].key',
      says: 'is kept by Kubernetes itself',
    },
  ]);
});
