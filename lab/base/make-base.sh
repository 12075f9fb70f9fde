#!/usr/bin/env bash
# Makes the root file system that every lab machine shares read-only: a bare Debian 12, the way an
# installer or a cloud image leaves it, with what systemd needs to boot inside a container.
# Usage: make-base.sh OUTDIR MIRROR
set -euo pipefail

out=$1
mirror=$2
here=$(cd "$(dirname "$0")" && pwd)
new=$out.new
packages=$(paste -sd, "$here/packages.txt")

rm -rf --one-file-system "$new"
mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --aptopt='Acquire::Languages "none"' \
  bookworm "$new" "$mirror"

# The options above only keep the base small; on the machine dpkg must behave as it does anywhere.
rm -f "$new"/etc/dpkg/dpkg.cfg.d/99mmdebstrap "$new"/etc/apt/apt.conf.d/99mmdebstrap
rm -f "$new"/etc/ssh/ssh_host_* "$new"/etc/hostname "$new"/etc/resolv.conf
: >"$new/etc/machine-id"

chroot "$new" useradd --create-home --shell /bin/bash --groups sudo ops
echo 'ops ALL=(ALL) NOPASSWD:ALL' >"$new/etc/sudoers.d/ops"
chmod 440 "$new/etc/sudoers.d/ops"
install -d -m 700 "$new/root/.ssh" "$new/home/ops/.ssh"
chroot "$new" chown ops:ops /home/ops/.ssh

# CoreDNS forwards to what resolv.conf names and refuses to start without any; nobody answers there.
echo 'nameserver 10.77.0.1' >"$new/etc/resolv.conf"
printf 'PermitRootLogin prohibit-password\nPasswordAuthentication no\n' >"$new/etc/ssh/sshd_config.d/lab.conf"
# The journal of a machine that was cut off is read through the host: memory is enough.
install -D -m 644 /dev/stdin "$new/etc/systemd/journald.conf.d/lab.conf" <<'EOF'
[Journal]
Storage=volatile
RuntimeMaxUse=64M
EOF

# Hardware, consoles and timers that have no meaning in a container (the network is made by the host).
units=(
  systemd-networkd.service systemd-resolved.service systemd-timesyncd.service systemd-firstboot.service
  systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udev-trigger.service
  systemd-journald-audit.socket sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount
  dev-mqueue.mount proc-sys-fs-binfmt_misc.automount getty@tty1.service console-getty.service
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer
  systemd-tmpfiles-clean.timer
)
for unit in "${units[@]}"; do ln -sf /dev/null "$new/etc/systemd/system/$unit"; done
ln -sf /usr/lib/systemd/system/multi-user.target "$new/etc/systemd/system/default.target"

install -m 755 "$here/lab-machine-setup" "$new/usr/local/sbin/lab-machine-setup"
install -m 644 "$here/lab-machine-setup.service" "$new/etc/systemd/system/lab-machine-setup.service"
mkdir -p "$new/etc/systemd/system/sysinit.target.wants"
ln -sf ../lab-machine-setup.service "$new/etc/systemd/system/sysinit.target.wants/lab-machine-setup.service"

# Mount points of the disks that each machine gets for itself.
mkdir -p "$new"/var/lib/{containerd,kubelet,etcd,plinth} "$new/var/log/pods"

# Snapshots hash only what a machine changed; for the rest they look here.
(cd "$new" && find . -xdev -type f -print0 | sort -z | xargs -0 sha256sum) >"$out.sha256.new"
rm -rf --one-file-system "$out"
mv "$new" "$out"
mv "$out.sha256.new" "$out.sha256"
