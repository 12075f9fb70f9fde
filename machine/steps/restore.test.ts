import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { givenMachine, type GivenMachine } from '../../test/fixtures/givenMachine.js';
import { fixtureStepContext } from '../../test/fixtures/stepContext.js';
import { API_ENDPOINT_NAME } from '../kubeadm/endpoint.js';

const FSTAB = '/dev/sda1 / ext4 defaults 0 1\n/swapfile none swap sw 0 0';

let machine: GivenMachine;
beforeEach(async () => {
  machine = await givenMachine('rhel');
  await machine.program('rpm', `[[ $1 != -qa ]] || printf 'bash.x86_64\\t5\\tii\\n'`);
});
afterEach(() => machine.remove());

/** Puts a record in its place as an older plinth's claim has made it: of all that a folder held. */
async function recordedFolder(path: string): Promise<void> {
  const record = `state/before/paths/${`${machine.dir}${path}`.replaceAll('/', '%2F')}`;
  await machine.put(record, `dir ${machine.dir}${path}\n`);
  await machine.put(`${record}.list`, '');
  await machine.put(`${record}.mode`, '755 0:0\n');
}

describe('a file that its owner and we both write', () => {
  it.each(['etc/fstab', 'etc/hosts'])(
    'is what it was, to the byte and the second: %s',
    async (file) => {
      await machine.put('etc/fstab', FSTAB);
      await machine.put('etc/hosts', '127.0.0.1 localhost');
      await machine.owner(`chmod 640 ${file}; touch -d 2020-01-01 ${file}`);
      const before = await machine.exactly(file);

      await machine.claim();
      await machine.prepare();
      expect(await machine.exactly(file)).not.toBe(before);
      await machine.restore();

      expect(await machine.exactly(file)).toBe(before);
    },
  );

  it('keeps a mode that its owner has given it since', async () => {
    await machine.claim();
    await machine.prepare();
    await machine.owner('chmod 600 etc/hosts');

    await machine.restore();

    expect(await machine.exactly('etc/hosts')).toMatch(/^600 /);
  });

  it("has its owner's new lines, and its swap again", async () => {
    await machine.put('etc/fstab', `${FSTAB}\n`);
    await machine.claim();
    await machine.prepare();
    await machine.owner('echo "/dev/sdb1 /data ext4 defaults 0 2" >>etc/fstab');

    const output = await machine.restore();

    expect(await machine.said('etc/fstab')).toBe(`${FSTAB}\n/dev/sdb1 /data ext4 defaults 0 2`);
    expect(output).toContain('only our own lines are taken out');
  });

  it("has its owner's new names, and not the name of the API", async () => {
    await machine.claim();
    await machine.prepare();
    await machine.owner('echo "10.0.0.9 storage" >>etc/hosts');

    await machine.restore();

    expect(await machine.said('etc/hosts')).toBe('127.0.0.1 localhost\n10.0.0.9 storage');
  });

  it('is without the name of the API also where it was made anew since', async () => {
    await machine.claim();
    await machine.prepare();
    await machine.put('etc/hosts', `127.0.0.1 localhost anew\n127.0.0.1 ${API_ENDPOINT_NAME}\n`);

    await machine.restore();

    expect(await machine.said('etc/hosts')).toBe('127.0.0.1 localhost anew');
  });

  it('loses no line where its owner has taken one of ours away', async () => {
    await machine.claim();
    await machine.prepare();
    await machine.owner(
      "sed -i '/^# plinth: end$/d' etc/hosts; echo '10.0.0.9 storage' >>etc/hosts",
    );

    await machine.restore();

    expect(await machine.said('etc/hosts')).toBe('127.0.0.1 localhost\n10.0.0.9 storage');
  });

  it.each([
    ['excludepkgs=containerd.io kernel* mysql*', 'excludepkgs=kernel* mysql*'],
    ['excludepkgs=kernel*, containerd.io', 'excludepkgs=kernel*, '],
    ['excludepkgs=containerd.io-other', 'excludepkgs=containerd.io-other'],
  ])('keeps what its owner has added to our line: %s', async (line, stays) => {
    await machine.put('etc/dnf/dnf.conf', '[main]\n');
    await machine.claim();
    const proxy = { enabled: true, httpProxy: 'http://proxy.example:3128' };
    await machine.prepare(fixtureStepContext({ spec: { proxy } }));
    await machine.owner(`printf '%s\\n' '# plinth' '${line}' 'best=1' >>etc/dnf/dnf.conf`);

    await machine.restore();

    expect(await machine.exactly('etc/dnf/dnf.conf')).toContain(`[main]\n${stays}\nbest=1\n`);
  });

  it("has dnf's settings of its owner, and none of ours", async () => {
    await machine.put('etc/dnf/dnf.conf', '[main]\ngpgcheck=1\n');
    await machine.claim();
    const proxy = { enabled: true, httpProxy: 'http://proxy.example:3128' };
    await machine.prepare(fixtureStepContext({ spec: { proxy } }));
    await machine.owner(
      'printf "# plinth\\nexcludepkgs=containerd.io\\nfastestmirror=1\\n" >>etc/dnf/dnf.conf',
    );
    expect(await machine.said('etc/dnf/dnf.conf')).toContain('proxy=');

    await machine.restore();

    expect(await machine.said('etc/dnf/dnf.conf')).toBe('[main]\ngpgcheck=1\nfastestmirror=1');
  });
});

describe('a file of ours', () => {
  it('goes where somebody has changed it since, and that is said', async () => {
    await machine.claim();
    await machine.prepare();
    await machine.owner('echo "vm.swappiness = 10" >>etc/sysctl.d/99-plinth.conf');

    const output = await machine.restore();

    expect(await machine.has('etc/sysctl.d/99-plinth.conf')).toBe(false);
    expect(output).toMatch(/99-plinth\.conf was changed since plinth wrote it/);
    expect(output).not.toMatch(/plinth\.conf was changed.*\n.*modules-load/);
  });
});

describe('a folder that others use as well', () => {
  it('keeps the modules of kernels that came since', async () => {
    await machine.put('usr/lib/modules/8/modules.dep', 'x');
    await machine.claim();
    await machine.put('usr/lib/modules/9/kernel/net.ko', 'x');
    await machine.put('usr/lib/modules/8/updates/dkms/mine.ko', 'x');

    await machine.restore();

    expect(await machine.said('usr/lib/modules/9/kernel/net.ko')).toBe('x');
    expect(await machine.said('usr/lib/modules/8/updates/dkms/mine.ko')).toBe('x');
  });

  it('keeps them also where an older plinth has recorded what was there', async () => {
    await machine.claim();
    await recordedFolder('/usr/lib/modules');
    await machine.put('usr/lib/modules/9/kernel/net.ko', 'x');

    await machine.restore();

    expect(await machine.said('usr/lib/modules/9/kernel/net.ko')).toBe('x');
  });

  it.each(['/root/.kube', '/run/netns', '/etc/ssl/certs', '/usr/local/share/ca-certificates'])(
    'keeps what came since where an older plinth has recorded %s',
    async (path) => {
      await machine.claim();
      await recordedFolder(path);
      await machine.put(`${path}/mine`, 'x');

      await machine.restore();

      expect(await machine.said(`${path}/mine`)).toBe('x');
    },
  );

  it.each(['/root/.kube', '/run/netns', '/usr/local/share/ca-certificates'])(
    'keeps what came since where an older plinth has found no %s',
    async (path) => {
      await machine.claim();
      const record = `state/before/paths/${`${machine.dir}${path}`.replaceAll('/', '%2F')}`;
      await machine.put(record, `absent ${machine.dir}${path}\n`);
      await machine.put(`${path}/mine`, 'x');
      await machine.put(`${path}/cache/old`, 'x');

      await machine.restore();

      expect(await machine.said(`${path}/mine`)).toBe('x');
      if (path === '/root/.kube') expect(await machine.has('root/.kube/cache')).toBe(false);
    },
  );

  it.each(['usr/lib/modules', 'run/netns', 'root/.kube'])(
    'goes where it came since and is empty: %s',
    async (path) => {
      await machine.owner('mkdir -p run root usr/lib');
      await machine.claim();
      await machine.owner(`mkdir -p ${path}`);

      await machine.restore();

      expect(await machine.has(path)).toBe(false);
    },
  );

  it("keeps a person's own kubeconfig and network namespace, and nothing of kubectl's cache", async () => {
    await machine.claim();
    await machine.put('root/.kube/config', 'mine');
    await machine.put('root/.kube/cache/discovery', 'x');
    await machine.put('run/netns/mine', '');

    await machine.restore();

    expect(await machine.said('root/.kube/config')).toBe('mine');
    expect(await machine.has('root/.kube/cache')).toBe(false);
    expect(await machine.has('run/netns/mine')).toBe(true);
  });
});

describe('kernel settings', () => {
  const value = (key: string) => machine.said(`proc/sys/${key}`);

  it('that we changed are what they were', async () => {
    await machine.claim();
    await machine.prepare();
    expect(await value('net/ipv4/ip_forward')).toBe('1');
    await machine.put('proc/sys/net/ipv4/conf/all/forwarding', '1\n');

    await machine.restore();

    expect(await value('net/ipv4/ip_forward')).toBe('0');
    expect(await value('net/ipv4/conf/all/forwarding')).toBe('0');
    expect(await value('fs/inotify/max_user_watches')).toBe('8192');
  });

  it('that Kubernetes changes behind our back are what they were', async () => {
    await machine.claim();
    await machine.put('proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait', '3600\n');
    await machine.put('proc/sys/net/ipv4/vs/conntrack', '1\n');

    await machine.restore();

    expect(await value('net/netfilter/nf_conntrack_tcp_timeout_close_wait')).toBe('60');
    expect(await value('net/ipv4/vs/conntrack')).toBe('0');
  });

  it('that Kubernetes does not touch are left alone', async () => {
    await machine.claim();
    await machine.put('proc/sys/net/core/somaxconn', '8192\n');

    await machine.restore();

    expect(await value('net/core/somaxconn')).toBe('8192');
  });

  it('that are not what we set any more stay as somebody has set them', async () => {
    await machine.claim();
    await machine.prepare();
    await machine.put('proc/sys/fs/inotify/max_user_watches', '1048576\n');

    const output = await machine.restore();

    expect(await value('fs/inotify/max_user_watches')).toBe('1048576');
    expect(output).toContain('max_user_watches stays 1048576');
  });

  it.each([
    'net.ipv4.ip_forward = 1',
    '-net/ipv4/ip_forward=1',
    'net.ipv4.ip_* = 1 # a pattern'.replace(/ #.*/, ''),
  ])('that its own files ask for by now stay, and what follows from them: %s', async (line) => {
    await machine.claim();
    await machine.prepare();
    await machine.put('proc/sys/net/ipv4/conf/all/forwarding', '1\n');
    await machine.put('etc/sysctl.d/router.conf', `# mine\n${line}\n`);

    await machine.restore();

    expect(await value('net/ipv4/ip_forward')).toBe('1');
    expect(await value('net/ipv4/conf/all/forwarding')).toBe('1');
  });
});

describe('swap', () => {
  beforeEach(async () => {
    const swap = join(machine.dir, 'swapfile');
    await machine.put('swapfile', '');
    await machine.put('etc/fstab', `${swap} none swap sw 0 0\n`);
    await machine.put('proc/swaps', `Filename Type\n${swap} file 1 0 -1\n`);
    await machine.claim();
    await machine.prepare();
  });

  it('is on again', async () => {
    await machine.restore();
    expect(await machine.said('swapon.log')).toBe(join(machine.dir, 'swapfile'));
  });

  it('stays off where its owner has taken it out of fstab since', async () => {
    await machine.put('etc/fstab', '');
    expect(await machine.restore()).toContain('was taken out since');
    expect(await machine.said('swapon.log')).toBeUndefined();
  });

  it('stays off where its file is gone', async () => {
    await rm(join(machine.dir, 'swapfile'));
    await machine.restore();
    expect(await machine.said('swapon.log')).toBeUndefined();
  });
});

describe('kernel modules', () => {
  it("are unloaded that came with us, but for those that the owner's files ask for by now", async () => {
    await machine.put('proc/modules', 'ext4 1\n');
    await machine.claim();
    await machine.put('proc/modules', 'ext4 1\nvxlan 1\nbr_netfilter 1\n');
    await machine.put('etc/modules-load.d/bridge.conf', 'br_netfilter\n');
    await machine.program('modprobe', 'echo "$*" >>"$D/modprobe.log"');

    await machine.restore();

    expect(await machine.said('modprobe.log')).toBe('-r vxlan');
  });
});

describe('units', () => {
  const ranBefore = async (unit: string) => {
    await machine.put(`units/${unit}`, '');
    await machine.claim();
    await machine.owner(
      `mkdir -p state/before/units; echo "enabled active" >state/before/units/${unit}`,
    );
  };

  it('that are not there any more hold up nothing', async () => {
    await ranBefore('mine.service');
    await machine.owner('rm units/mine.service');

    expect(await machine.restore()).toContain('mine.service is not there any more');
  });
});

describe('an older record', () => {
  it("of what lay in a folder is still what is gone by, where the folder is Kubernetes' own", async () => {
    await machine.claim();
    await recordedFolder('/opt/cni');
    await machine.put('opt/cni/bin/calico', 'x');

    await machine.restore();

    expect(await machine.has('opt/cni')).toBe(true);
    expect(await machine.has('opt/cni/bin')).toBe(false);
  });
});

describe('what tools keep for themselves', () => {
  it("is put back where it says the same, and left where its owner's own is in it", async () => {
    await machine.put('etc/ld.so.cache', 'header\nlibc\nlibm\n');
    await machine.put('var/lib/dpkg/diversions', 'a\n');
    await machine.claim();
    await machine.put('etc/ld.so.cache', 'header\nlibm\nlibc\nlibmine\n');
    await machine.put('var/lib/dpkg/diversions', 'a\nmine\n');

    await machine.restore();

    expect(await machine.said('etc/ld.so.cache')).toContain('libmine');
    expect(await machine.said('var/lib/dpkg/diversions')).toBe('a\nmine');
  });

  it('is put back to the byte where nothing else came', async () => {
    await machine.put('etc/ld.so.cache', 'header\nlibc\nlibm\n');
    await machine.claim();
    await machine.put('etc/ld.so.cache', 'header\nlibm\nlibc\n');

    await machine.restore();

    expect(await machine.said('etc/ld.so.cache')).toBe('header\nlibc\nlibm');
  });
});

describe('the certificates that the system trusts', () => {
  const CA = { enabled: true, httpProxy: 'http://proxy.example:3128', bootstrapCA: 'PROXY' };
  const BUNDLE = 'etc/ssl/certs/ca-certificates.crt';

  beforeEach(async () => {
    await machine.put('usr/local/share/ca-certificates/first.crt', 'FIRST\n');
    await machine.put('etc/ca-certificates.conf', '');
    await machine.put(BUNDLE, 'FIRST\n');
    await machine.program(
      'update-ca-certificates',
      'cat "$D"/usr/local/share/ca-certificates/*.crt >"$D/etc/ssl/certs/ca-certificates.crt"; echo >>"$D/gathered"',
    );
    await machine.claim();
    await machine.prepare(fixtureStepContext({ spec: { proxy: CA } }));
    await symlink(
      '/usr/local/share/ca-certificates/plinth-proxy.crt',
      join(machine.dir, 'etc/ssl/certs/plinth-proxy.pem'),
    );
  });

  it("are without the proxy's again", async () => {
    expect(await machine.said(BUNDLE)).toContain('PROXY');
    await machine.restore();
    expect(await machine.said(BUNDLE)).toBe('FIRST');
    expect(await machine.has('etc/ssl/certs/plinth-proxy.pem')).toBe(false);
  });

  it('have those that came since', async () => {
    await machine.put('usr/local/share/ca-certificates/mine.crt', 'MINE\n');
    await machine.put('etc/ssl/certs/server.pem', 'mine');

    await machine.restore();

    expect(await machine.said(BUNDLE)).toBe('FIRST\nMINE');
    expect(await machine.said('usr/local/share/ca-certificates/mine.crt')).toBe('MINE');
    expect(await machine.said('etc/ssl/certs/server.pem')).toBe('mine');
  });
});
