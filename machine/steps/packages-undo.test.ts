import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { givenMachine, hasDpkg, type GivenMachine } from '../../test/fixtures/givenMachine.js';

const RUNTIME = { name: 'containerd', depends: 'runc' };
const RUNC = { name: 'runc' };

const KILL = 'kill -KILL $(ps -o ppid= -p $PPID) $PPID';

/** The package tool works, and whoever called it is dead before he knows. */
const KILLS_ITS_CALLER = `"$D/bin/dpkg-real" "$@"; code=$?
  [[ $* != *--install* ]] || ${KILL}
  exit $code`;

let machine: GivenMachine;
afterEach(() => machine.remove());

/** As an older plinth has left its record. */
const ofOlderPlinth = () => rm(join(machine.dir, 'state/before/installed'));

describe.skipIf(!hasDpkg)('the packages of a machine that is given back', () => {
  beforeEach(async () => {
    machine = await givenMachine();
  });

  it('go where they came with us, and stay where its owner has installed them since', async () => {
    await machine.claim();
    await machine.ownerInstalls({ name: 'postgresql' });
    await machine.install(RUNTIME, RUNC);
    await machine.ownerInstalls({ name: 'nfs-common' });

    await machine.restore();

    expect(await machine.packages()).toEqual(['nfs-common', 'postgresql']);
    expect(await machine.said('usr/share/postgresql/file')).toBe('postgresql');
  });

  it('go also where they came from repositories, with what they brought along', async () => {
    await machine.claim();
    await machine.put('repository/README', '');
    await machine.ownerInstalls({ name: 'libseccomp' });
    await machine.owner('mv libseccomp.deb repository; dpkg --purge libseccomp');
    await machine.download(RUNTIME, RUNC);
    await machine.ownerInstalls({ name: 'nfs-common' });

    await machine.restore();

    expect(await machine.packages()).toEqual(['nfs-common']);
  });

  it('stay, with what they need, where a package of the owner needs them', async () => {
    await machine.claim();
    await machine.install(RUNTIME, { name: 'runc', depends: 'libseccomp' }, { name: 'libseccomp' });
    await machine.ownerInstalls({ name: 'buildah', depends: 'runc' });

    const output = await machine.restore();

    expect(await machine.packages()).toEqual(['buildah', 'libseccomp', 'runc']);
    expect(output).toContain('runc stays: buildah depends on runc');
    expect(output).toContain('libseccomp stays: runc depends on libseccomp');
  });

  it('are not held for a cluster any more where they stay', async () => {
    await machine.ownerInstalls(RUNC);
    await machine.claim();
    await machine.install(RUNTIME, RUNC);

    await machine.restore();

    const held = 'dpkg-query -W -f \'${db:Status-Abbrev}\\n\' runc >"$D/held"';
    await machine.owner(held);
    expect(await machine.said('held')).toBe('ii');
  });

  it('stay held where its owner held them before', async () => {
    await machine.ownerInstalls(RUNC);
    await machine.owner('apt-mark hold runc');
    await machine.claim();
    await machine.install(RUNTIME, RUNC);

    await machine.restore();

    await machine.owner('dpkg-query -W -f \'${db:Status-Abbrev}\\n\' runc >"$D/held"');
    expect(await machine.said('held')).toBe('hi');
  });

  it('go also where the installation was killed before it could be written down', async () => {
    await machine.claim();
    await machine.program('dpkg', KILLS_ITS_CALLER);
    expect(await machine.tryToInstall(RUNTIME, RUNC)).toMatchObject({ outcome: 'failed' });
    await machine.program('dpkg', 'exec "$D/bin/dpkg-real" "$@"');
    expect(await machine.packages()).toEqual(['containerd', 'runc']);

    await machine.restore();

    expect(await machine.packages()).toEqual([]);
  });

  it('go where a killed installation was finished by the next attempt', async () => {
    await machine.claim();
    await machine.program('dpkg', KILLS_ITS_CALLER);
    await machine.tryToInstall(RUNC);
    await machine.program('dpkg', 'exec "$D/bin/dpkg-real" "$@"');
    await machine.install(RUNTIME, RUNC);
    await machine.ownerInstalls({ name: 'nfs-common' });

    await machine.restore();

    expect(await machine.packages()).toEqual(['nfs-common']);
  });

  it('go where the installation failed half way, and what its owner installs after that stays', async () => {
    await machine.claim();
    const broken = { name: 'containerd', depends: 'nothing-has-this' };
    expect(await machine.tryToInstall(RUNC, broken)).toMatchObject({ outcome: 'failed' });
    await machine.ownerInstalls({ name: 'nfs-common' });

    await machine.restore();

    expect(await machine.packages()).toEqual(['nfs-common']);
  });

  it('leave the settings that were there from an installation before', async () => {
    await machine.ownerInstalls({ name: 'containerd', settings: 'mine' }, { name: 'runc' });
    await machine.owner('dpkg --remove containerd; dpkg --purge runc');
    await machine.claim();
    await machine.install({ name: 'containerd', settings: 'mine' }, { ...RUNC, settings: 'ours' });

    await machine.restore();

    expect(await machine.packages()).toEqual([]);
    expect(await machine.said('etc/containerd.conf')).toBe('mine');
    expect(await machine.said('etc/runc.conf')).toBeUndefined();
  });

  it('leave the folders and the account of one that stays', async () => {
    await machine.claim();
    await machine.install(RUNTIME, RUNC, { name: 'haproxy' });
    await machine.ownerInstalls({ name: 'balancer', depends: 'haproxy' });
    await machine.put('etc/haproxy/haproxy.cfg', 'mine');
    await machine.put('etc/containerd/certs.d/left', 'x');
    await machine.owner('echo "haproxy:x:9:9::/:/bin/false" >>"$D/etc/passwd"');
    await machine.program('userdel', 'touch "$D/deleted"');

    await machine.restore();

    expect(await machine.said('etc/haproxy/haproxy.cfg')).toBe('mine');
    expect(await machine.said('deleted')).toBeUndefined();
    expect(await machine.said('etc/containerd/certs.d/left')).toBeUndefined();
  });

  it('leave what one holds that stays', async () => {
    await machine.claim();
    const file = `${machine.dir}/usr/share/ca-certificates/file`;
    await machine.put(`state/before/paths/${file.replaceAll('/', '%2F')}`, `absent ${file}\n`);
    await machine.install(RUNC, { name: 'ca-certificates' });
    await machine.ownerInstalls({ name: 'browser', depends: 'ca-certificates' });

    await machine.restore();

    expect(await machine.said('usr/share/ca-certificates/file')).toBe('ca-certificates');
  });

  it('leave the unit of one that stays at work', async () => {
    await machine.claim();
    await machine.install(RUNTIME, RUNC);
    await machine.ownerInstalls({ name: 'docker', depends: 'containerd' });
    await machine.put('units/containerd.service', '');

    await machine.restore();

    const log = (await machine.said('systemctl.log')) ?? '';
    expect(log).not.toMatch(/^(stop|--quiet disable) containerd\.service$/m);
  });

  it('are those that we asked for: what another installs stays, while ours waits for the lock', async () => {
    await machine.claim();
    await machine.ownerInstalls({ name: 'postgresql' });
    await machine.owner('dpkg --purge postgresql');
    await machine.program(
      'dpkg',
      '[[ $* != *--install*runc* ]] || "$D/bin/dpkg-real" --install "$D/postgresql.deb"; "$D/bin/dpkg-real" "$@"',
    );
    await machine.install(RUNTIME, RUNC);

    await machine.restore();

    expect(await machine.packages()).toEqual(['postgresql']);
  });

  it('are those that we asked for also where ours was killed, and others came by the time that we are back', async () => {
    await machine.claim();
    await machine.program('dpkg', KILLS_ITS_CALLER);
    await machine.tryToInstall(RUNTIME, RUNC);
    await machine.program('dpkg', 'exec "$D/bin/dpkg-real" "$@"');
    await machine.ownerInstalls({ name: 'postgresql' });

    await machine.restore();

    expect(await machine.packages()).toEqual(['postgresql']);
  });

  it('are not all that there are where those of before could not be read', async () => {
    await machine.ownerInstalls({ name: 'mine' });
    await machine.claim();
    const query = (await machine.said('bin/dpkg-query')) ?? '';
    await machine.program('dpkg-query', `[[ $* != *Version* ]] || exit 2\n${query}`);
    expect(await machine.tryToInstall(RUNTIME, RUNC)).toMatchObject({ outcome: 'failed' });
    await machine.program('dpkg-query', query);
    await machine.restore();
    expect(await machine.packages()).toEqual(['mine']);
  });

  it('do not count as gone where they cannot be read', async () => {
    await machine.claim();
    await machine.install(RUNTIME, RUNC);
    const query = await machine.said('bin/dpkg-query');
    await machine.program('dpkg-query', 'exit 2');
    await expect(machine.restore()).rejects.toThrow();
    await machine.put('bin/dpkg-query', `${query ?? ''}\n`);

    await machine.restore();

    expect(await machine.packages()).toEqual([]);
  });

  it.each(['', 'etc/cni/net.d/10-before.conflist'])(
    'leave in a folder of Kubernetes what a package of the owner holds there, and what was there before: %s',
    async (before) => {
      if (before !== '') await machine.put(before, 'mine');
      await machine.claim();
      await machine.install(RUNTIME, RUNC);
      await machine.ownerInstalls({ name: 'podman', holds: 'etc/cni/net.d/87-podman.conflist' });
      await machine.put('etc/cni/net.d/10-calico.conflist', 'ours');
      await machine.put('etc/cni/left/over', 'ours');

      await machine.restore();

      expect(await machine.has('etc/cni/net.d/87-podman.conflist')).toBe(true);
      expect(await machine.has('etc/cni/net.d/10-calico.conflist')).toBe(false);
      expect(await machine.has('etc/cni/left')).toBe(false);
      if (before !== '') expect(await machine.said(before)).toBe('mine');
    },
  );

  it('leave the new settings of a package of the owner that is half installed', async () => {
    await machine.claim();
    await machine.program('dpkg', KILLS_ITS_CALLER);
    await machine.tryToInstall(RUNTIME, RUNC);
    await machine.program('dpkg', 'exec "$D/bin/dpkg-real" "$@"');
    await machine.ownerInstalls({ name: 'mine', settings: 'x' });
    await machine.owner(
      'dpkg --purge mine; dpkg --unpack mine.deb; test -e etc/mine.conf.dpkg-new',
    );

    await machine.restore();

    expect(await machine.has('etc/mine.conf.dpkg-new')).toBe(true);
  });

  it('wait for their files to be cleaned up while somebody else works on packages', async () => {
    await machine.claim();
    await machine.program('dpkg', KILLS_ITS_CALLER);
    await machine.tryToInstall(RUNTIME, RUNC);
    await machine.program('dpkg', 'exec "$D/bin/dpkg-real" "$@"');
    await machine.owner(
      'inode=$(stat -c %i var/lib/dpkg/lock); echo "1: POSIX ADVISORY WRITE $$ 08:01:$inode 0 EOF" >proc/locks',
    );

    await expect(machine.restore()).rejects.toThrow(/dpkg's lock is held by/);
    await machine.put('proc/locks', '');
    await machine.restore();

    expect(await machine.packages()).toEqual([]);
  });

  it('are not asked for where the machine has them: they would get newer, and count as wanted by a person', async () => {
    await machine.ownerInstalls(RUNC);
    await machine.claim();
    await machine.put('repository/README', '');
    await machine.download(RUNTIME, RUNC);

    const log = (await machine.said('apt-get.log')) ?? '';
    expect(log).toMatch(/ install containerd$/m);
    expect(log).not.toContain('runc');
  });

  it('are ours also where nobody could say beforehand what comes', async () => {
    await machine.claim();
    await machine.put('repository/README', '');
    const apt = (await machine.said('bin/apt-get')) ?? '';
    await machine.program('apt-get', `[[ $* != *' -s '* ]] || exit 100\n${apt}`);
    await machine.download(RUNTIME, RUNC);

    await machine.restore();

    expect(await machine.packages()).toEqual([]);
  });

  it('have their list left alone where somebody is at work on packages by the end of it', async () => {
    await machine.claim();
    await machine.install(RUNTIME, RUNC);
    await machine.program(
      'systemctl',
      'inode=$(stat -c %i "$D/var/lib/dpkg/lock"); echo "1: POSIX ADVISORY WRITE $$ 08:01:$inode 0 EOF" >"$D/proc/locks"; [[ $* != is-active* ]]',
    );

    const output = await machine.restore();

    expect(await machine.has('var/lib/dpkg/status-old')).toBe(true);
    expect(output).toContain('the package manager keeps its own state');
  });

  it('leave what their owner has marked since: apt does not take it away for him', async () => {
    const states = (auto: string): string =>
      `Package: mine\nArchitecture: amd64\nAuto-Installed: ${auto}\n\n`;
    await machine.put('var/lib/apt/extended_states', states('1'));
    await machine.claim();
    await machine.install(RUNTIME, RUNC);
    await machine.put('var/lib/apt/extended_states', states('0'));

    await machine.restore();

    expect(await machine.said('var/lib/apt/extended_states')).toContain('Auto-Installed: 0');
  });

  it('leave what apt keeps of them as it was', async () => {
    await machine.put('var/lib/apt/extended_states', 'Package: a\nAuto-Installed: 1\n\n');
    await machine.claim();
    await machine.install(RUNTIME, RUNC);
    await machine.owner(
      'printf "Package: runc\\nAuto-Installed: 1\\n\\n" >>var/lib/apt/extended_states',
    );

    await machine.restore();

    expect(await machine.said('var/lib/apt/extended_states')).not.toContain('runc');
  });

  it('leave what apt keeps of them as it was also where their removal was killed', async () => {
    await machine.put('var/lib/apt/extended_states', 'Package: a\nAuto-Installed: 1\n\n');
    await machine.claim();
    await machine.install(RUNTIME, RUNC);
    await machine.owner(
      'printf "Package: runc\\nAuto-Installed: 1\\n\\n" >>var/lib/apt/extended_states',
    );
    await machine.program(
      'dpkg',
      `"$D/bin/dpkg-real" "$@"; [[ $* == *--no-act* || $* != *--purge* ]] || ${KILL}`,
    );
    await expect(machine.restore()).rejects.toThrow();
    await machine.program('dpkg', 'exec "$D/bin/dpkg-real" "$@"');

    await machine.restore();

    expect(await machine.said('var/lib/apt/extended_states')).not.toContain('runc');
  });

  it('are never a kernel, also where one came at the same time', async () => {
    await machine.claim();
    await machine.ownerInstalls({ name: 'linux-image-9-amd64' });
    await machine.owner('dpkg --purge linux-image-9-amd64');
    await machine.program(
      'dpkg',
      '[[ $* != *--install*runc* ]] || "$D/bin/dpkg-real" --install "$D/linux-image-9-amd64.deb"; "$D/bin/dpkg-real" "$@"',
    );
    await machine.install(RUNTIME, RUNC);

    await machine.restore();

    expect(await machine.packages()).toEqual(['linux-image-9-amd64']);
  });

  describe('that an older plinth has claimed', () => {
    it('are all that are new, but for kernels', async () => {
      await machine.ownerInstalls({ name: 'mine' });
      await machine.claim();
      await ofOlderPlinth();
      await machine.install(RUNTIME, RUNC);
      await machine.ownerInstalls(
        { name: 'linux-image-9-amd64' },
        { name: 'linux-image-amd64', depends: 'linux-image-9-amd64' },
      );

      await machine.restore();

      expect(await machine.packages()).toEqual([
        'linux-image-9-amd64',
        'linux-image-amd64',
        'mine',
      ]);
    });

    it('leave nothing of an installation that was killed', async () => {
      await machine.claim();
      await ofOlderPlinth();
      await machine.install(RUNTIME, RUNC);
      await machine.put('usr/share/left.dpkg-new', '');

      await machine.restore();

      expect(await machine.has('usr/share/left.dpkg-new')).toBe(false);
    });
  });

  it('are wholly gone where their removal was killed at its end', async () => {
    await machine.claim();
    await machine.install(RUNTIME, RUNC);
    await machine.program(
      'dpkg',
      `"$D/bin/dpkg-real" "$@"; [[ $* == *--no-act* || $* != *--purge* ]] || ${KILL}`,
    );
    await expect(machine.restore()).rejects.toThrow();
    await machine.program('dpkg', 'exec "$D/bin/dpkg-real" "$@"');
    // As dpkg leaves them: its journal of one package, and the beginning of the next.
    const gone = ['Package: runc', 'Status: purge ok not-installed', 'Architecture: all', ''];
    await machine.put('var/lib/dpkg/updates/0000', gone.join('\n'));
    await machine.put('var/lib/dpkg/updates/tmp.i', '');

    await machine.restore();

    expect(await machine.packages()).toEqual([]);
    expect(await machine.has('var/lib/dpkg/updates/0000')).toBe(false);
    expect(await machine.has('var/lib/dpkg/updates/tmp.i')).toBe(false);
  });

  it('do not take empty folders of others with them', async () => {
    await machine.claim();
    await machine.install(RUNTIME, RUNC);
    await machine.owner('mkdir -p "$D/usr/lib/mine/empty"');

    await machine.restore();

    expect(await machine.has('usr/lib/mine/empty')).toBe(true);
  });

  it('take folders with them that a killed installation has left, and none that a package has', async () => {
    await machine.claim();
    await machine.program('dpkg', KILLS_ITS_CALLER);
    await machine.tryToInstall(RUNTIME, RUNC);
    await machine.program('dpkg', 'exec "$D/bin/dpkg-real" "$@"');
    await machine.install(RUNTIME, RUNC);
    await machine.ownerInstalls({ name: 'known' });
    await machine.owner(
      'mkdir -p usr/lib/left usr/share/listed usr/lib/modules/9/dkms; rm usr/share/known/file',
    );
    // What is listed and was not there is nobody's loss: documentation that the system leaves out.
    await machine.put('var/lib/dpkg/info/first.list', `${machine.dir}/usr/share/listed\n`);
    await machine.put('var/lib/dpkg/info/first.list-new', '');

    await machine.restore();

    expect(await machine.has('usr/lib/left')).toBe(false);
    expect(await machine.has('usr/share/listed')).toBe(false);
    expect(await machine.has('var/lib/dpkg/info/first.list-new')).toBe(false);
    expect(await machine.has('usr/share/known')).toBe(true);
    expect(await machine.has('usr/lib/modules/9/dkms')).toBe(true);
  });

  it("leave the package manager's caches and logs to others who have used it since", async () => {
    await machine.put('var/log/apt/.keep', '');
    await machine.claim();
    await machine.owner('mkdir -p "$D/var/cache/apt"; echo x >"$D/var/cache/apt/pkgcache.bin"');
    await machine.ownerInstalls({ name: 'mine' });

    await machine.restore();

    expect(await machine.said('var/cache/apt/pkgcache.bin')).toBe('x');
  });

  it("take the package manager's caches with them where nobody else has used it", async () => {
    await machine.claim();
    await machine.owner('mkdir -p "$D/var/cache/apt"; echo x >"$D/var/cache/apt/pkgcache.bin"');
    await machine.install(RUNTIME, RUNC);

    await machine.restore();

    expect(await machine.has('var/cache/apt')).toBe(false);
  });
});
