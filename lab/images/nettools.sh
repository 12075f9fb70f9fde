#!/usr/bin/env bash
# Lays out what kube-proxy and calico-node call on a Linux node (iptables and its kin, with their
# libraries and extensions) as one image layer.
# Usage: nettools.sh ROOT OUT    ROOT: a Debian root with these programs, OUT: a new folder
set -euo pipefail

root=$1
out=$2
programs=(
  /usr/sbin/xtables-nft-multi /usr/sbin/xtables-legacy-multi /usr/sbin/nft /usr/sbin/conntrack
  /usr/sbin/ipset /usr/sbin/ethtool /usr/sbin/sysctl /usr/bin/kmod /usr/bin/ip /usr/sbin/tc
  /usr/bin/dash /usr/bin/sleep /usr/bin/cat /usr/bin/ls /usr/bin/mkdir /usr/bin/mount
)
# Where everything lives since the merge of / and /usr: /lib/x is /usr/lib/x.
merged() { printf '/usr%s\n' "${1#/usr}"; }

copy() {
  local real target
  real=$(chroot "$root" readlink -f "$1")
  target=$out$(merged "$1")
  install -D -m "$2" "$root$real" "$target"
}

mkdir -p "$out"/usr/{bin,sbin,lib,lib64} "$out"/{etc,run,var} "$out/tmp"
chmod 1777 "$out/tmp"
for top in bin sbin lib lib64; do ln -s "usr/$top" "$out/$top"; done

extensions=()
for extension in "$root"/usr/lib/x86_64-linux-gnu/xtables/*.so; do
  extensions+=("${extension#"$root"}")
done
for program in "${programs[@]}"; do copy "$program" 755; done
for extension in "${extensions[@]}"; do copy "$extension" 644; done

# Of the extensions, too: one that cannot load its library fails only the rules that use it.
chroot "$root" ldd "${programs[@]}" "${extensions[@]}" 2>/dev/null |
  grep -oE '/[^ :]+\.so[^ :]*' | sort -u >"$out.libraries"
while read -r library; do
  [ -e "$out$(merged "$library")" ] || copy "$library" 755
done <"$out.libraries"
rm "$out.libraries"

ln -s dash "$out/usr/bin/sh"
ln -s ../bin/kmod "$out/usr/sbin/modprobe"
ln -s ../bin/ip "$out/usr/sbin/ip"
for family in iptables ip6tables; do
  for action in '' -save -restore; do
    ln -s xtables-nft-multi "$out/usr/sbin/$family$action"
    ln -s xtables-nft-multi "$out/usr/sbin/$family-nft$action"
    ln -s xtables-legacy-multi "$out/usr/sbin/$family-legacy$action"
  done
done
