import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { givenMachine, type GivenMachine } from '../../test/fixtures/givenMachine.js';

/** As rpm answers, from `$D/rpms`: rows of name, version and transaction; the first one's, where none is named. */
const RPM = `rows() { cat "$D/rpms" 2>/dev/null; }
case "$*" in
  -q*INSTALLTID*)
    wanted=$(printf '%s\\n' "$@" | grep -vE '^-|INSTALLTID' || true)
    rows | awk -v tab='\\t' -v all="$([[ $1 != -qa ]] || echo 1)" -v wanted="$wanted" '
      BEGIN { count = split(wanted, names, "\\n") }
      { tid = $3 == "" ? 1 : $3 }
      all { print tid tab $1; next }
      { for (i = 1; i <= count; i++) if (index($1, names[i] ".") == 1) print tid }' ;;
  '-q -l'*)
    for name in "\${@:3}"; do
      case $name in
        gpg-pubkey*) echo "package $name is not installed"; exit 1 ;;
        podman*) echo "$D/etc/cni/net.d/87-podman.conflist" ;;
      esac
    done ;;
  -qa*) rows | awk '{ print $1 "\\t" $2 "\\tii" }' ;;
  '-q --whatprovides'*)
    for name in "\${@:3}"; do
      case $name in runc* | *libseccomp*) rows | awk -v name="\${name#lib}" '$1 ~ name { print $1 }' ;; containerd.io) grep -q ^containerd "$D/rpms" && echo containerd.io.x86_64 ;; *) echo "no package provides $name" ;; esac
    done ;;
  -U*) printf '%s\\n' 'containerd.io.x86_64 1 7' 'runc.x86_64 1 7' >>"$D/rpms" ;;
  -e*)
    test= names=()
    for name in "\${@:2}"; do case $name in --test) test=1 ;; --allmatches) ;; *) names+=("$name") ;; esac; done
    if [[ -e $D/needs && " \${names[*]} " == *' runc.x86_64 '* ]]; then
      printf 'error: Failed dependencies:\\n\\t%s is needed by (installed) buildah-1-1.x86_64\\n' "$(<"$D/needs")" >&2
      exit 1
    fi
    [[ -z $test ]] || exit 0
    for name in "\${names[@]}"; do
      grep -q "^$name " "$D/rpms" || { echo "error: package $name is not installed" >&2; exit 1; }
      [[ $(grep -c "^$name " "$D/rpms") == 1 || $* == *--allmatches* ]] || { echo "error: \\"$name\\" specifies multiple packages" >&2; exit 1; }
      sed -i "/^$name /d" "$D/rpms"
    done ;;
esac`;

let machine: GivenMachine;
beforeEach(async () => {
  machine = await givenMachine('rhel');
  await machine.program('rpm', RPM);
  await machine.put('rpms', 'kernel-core.x86_64 1\n');
});
afterEach(() => machine.remove());

describe('the packages of a machine of the RHEL family that is given back', () => {
  beforeEach(async () => {
    await machine.claim();
    await machine.install({ name: 'containerd.io' });
    await machine.owner(
      'printf "%s\\n" "kernel-core.x86_64 2" "gpg-pubkey.(none) 3" "nfs-utils.x86_64 1" >>rpms',
    );
  });

  it('go where they came with us; a second kernel, a key and what its owner installed stay', async () => {
    await machine.restore();
    expect(await machine.said('rpms')).toBe(
      'kernel-core.x86_64 1\nkernel-core.x86_64 2\ngpg-pubkey.(none) 3\nnfs-utils.x86_64 1',
    );
  });

  it('stay where their removal fails for another reason, and that is told', async () => {
    const rpm = await machine.said('bin/rpm');
    await machine.program(
      'rpm',
      `case "$*" in -e*) echo 'error: rpmdb: DB_RUNRECOVERY' >&2; exit 1 ;; esac\n${rpm ?? ''}`,
    );
    await expect(machine.restore()).rejects.toThrow(/DB_RUNRECOVERY/);
    await machine.program('rpm', rpm ?? '');
    await machine.restore();
    expect(await machine.said('rpms')).not.toMatch(/containerd|runc/);
  });

  it('are those of our transaction: what another one has brought meanwhile stays', async () => {
    await machine.owner("sed -i '/^containerd/d; /^runc/d' rpms; : >state/before/installed");
    await machine.program('dnf', 'rpm -U; echo "postgresql.x86_64 1 8" >>"$D/rpms"');
    await machine.download({ name: 'containerd.io' });
    await machine.restore();
    expect(await machine.said('rpms')).toContain('postgresql');
    expect(await machine.said('rpms')).not.toMatch(/containerd|runc/);
  });

  it('leave in a folder of Kubernetes what a package of the owner holds there', async () => {
    await machine.owner('echo "podman.x86_64 1" >>rpms');
    await machine.put('etc/cni/net.d/87-podman.conflist', 'mine');
    await machine.put('etc/cni/net.d/10-calico.conflist', 'ours');
    await machine.restore();
    expect(await machine.said('etc/cni/net.d/87-podman.conflist')).toBe('mine');
    expect(await machine.has('etc/cni/net.d/10-calico.conflist')).toBe(false);
  });

  it('go also where they came from repositories', async () => {
    await machine.owner("sed -i '/^containerd/d; /^runc/d' rpms; : >state/before/installed");
    await machine.program('dnf', 'rpm -U');
    await machine.download({ name: 'containerd.io' });
    await machine.restore();
    expect(await machine.said('rpms')).not.toMatch(/containerd|runc/);
  });

  it('are all that are new but for kernels and keys where an older plinth has claimed it', async () => {
    await machine.owner('rm state/before/installed');
    await machine.restore();
    expect(await machine.said('rpms')).toBe(
      'kernel-core.x86_64 1\nkernel-core.x86_64 2\ngpg-pubkey.(none) 3',
    );
  });

  it.each(['runc', 'runc >= 1.1', '(runc >= 1.1 or crun)'])(
    'stay where what its owner installed needs one: %s',
    async (needed) => {
      await machine.put('needs', needed);
      const output = await machine.restore();
      expect(await machine.said('rpms')).toContain('runc.x86_64');
      expect(await machine.said('rpms')).not.toContain('containerd');
      expect(output).toContain('is needed by (installed) buildah');
      expect(output).toContain('stay, since others need them: runc.x86_64');
    },
  );

  it('all stay where rpm names something that none of them says to provide', async () => {
    await machine.put('needs', 'a-thing');
    const output = await machine.restore();
    expect(await machine.said('rpms')).toContain('containerd.io.x86_64');
    expect(output).toContain('all of them stay');
  });

  it('go with every copy that a broken transaction has left', async () => {
    await machine.owner('echo "runc.x86_64 2" >>rpms');
    await machine.restore();
    expect(await machine.said('rpms')).not.toContain('runc');
  });
});
