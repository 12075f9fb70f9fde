import { expect, test } from 'vitest';
import * as parse from './snapshotParse.js';

test('a unit counts by whether it is enabled and whether it runs, sessions do not count', () => {
  const files = 'ssh.service enabled enabled\nfoo.service disabled enabled\n';
  const active =
    'ssh.service loaded active running OpenBSD\nsession-3.scope loaded active running x\nfoo.service loaded failed failed Foo\n';
  expect(parse.units(files, active)).toEqual({
    'ssh.service': 'enabled loaded active',
    'foo.service': 'disabled loaded failed failed',
  });
});

test('a link counts by kind, size, state and addresses, not by its number', () => {
  const json = JSON.stringify([
    {
      ifindex: 7,
      ifname: 'eth0',
      mtu: 1500,
      operstate: 'UP',
      linkinfo: { info_kind: 'veth' },
      addr_info: [{ local: '10.77.0.11', prefixlen: 24 }],
    },
  ]);
  expect(parse.links(json)).toEqual({ eth0: 'veth mtu 1500 UP 10.77.0.11/24' });
  expect(parse.links('')).toEqual({});
});

test('mounts of the kernel and of logins do not count, stacked ones do', () => {
  const info = [
    '1 0 0:1 / / rw - overlay overlay rw',
    '2 1 0:2 / /proc/sys rw - proc proc rw',
    '3 1 0:3 / /run/user/1000 rw - tmpfs tmpfs rw',
    '4 1 0:4 / /mnt rw shared:1 - tmpfs a rw',
    '5 4 0:5 / /mnt rw - tmpfs b rw',
  ].join('\n');
  expect(parse.mounts(info)).toEqual({ '/': 'overlay overlay', '/mnt': 'tmpfs a + tmpfs b' });
});

test('rules count by table, without counters', () => {
  const nft = 'table ip nat {\n\tchain A {\n\t}\n}\ntable ip6 filter {\n}\n';
  expect(parse.nftTables(nft)).toEqual({
    'nft table ip nat': '{ chain A { } }',
    'nft table ip6 filter': '{ }',
  });
  const legacy = '# Generated\n*filter\n:INPUT ACCEPT [12:34]\n-A INPUT -j DROP\nCOMMIT\n';
  expect(parse.legacyTables('ip', legacy)).toEqual({
    'legacy ip filter': ':INPUT ACCEPT; -A INPUT -j DROP',
  });
});

test('of the sysctls those that nobody sets do not count', () => {
  const text =
    'net.ipv4.ip_forward = 1\nkernel.random.uuid = 1-2\nfs.file-nr = 1\nvm.swappiness = 60\n';
  expect(parse.sysctls(text)).toEqual({ 'net.ipv4.ip_forward': '1', 'vm.swappiness': '60' });
});
