#!/usr/bin/env bash
# Keeps one lab machine running until it is told to stop: one turn of the loop is one boot.
# Usage: machine-run.sh NAME IP DIR
set -euo pipefail

name=$1
ip=$2
dir=$3
netns=plinth-$name
veth=plv-$name
bridge=plinthbr0

# A cgroup of its own in every hierarchy, below the one we were started in: nspawn's cgroup namespace
# is rooted there. Without it the pods of all machines would share the same kubepods cgroups.
enter_cgroups() {
  local own hierarchies controllers path tree parent at
  own=$(</proc/self/cgroup) # whole, first: it changes under us while we move
  if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
    at=/sys/fs/cgroup/plinth-lab-$name
    mkdir -p "$at"
    for controllers in $(</sys/fs/cgroup/cgroup.controllers); do
      echo "+$controllers" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true
    done
    echo "$BASHPID" >"$at/cgroup.procs"
    return
  fi
  while IFS=: read -r hierarchies controllers path; do
    tree=${controllers#name=}
    [ "$hierarchies" = 0 ] && tree=unified
    [ -d "/sys/fs/cgroup/$tree" ] || continue
    parent=/sys/fs/cgroup/$tree${path%/}
    at=$parent/plinth-lab-$name
    mkdir -p "$at"
    if [ "$tree" = cpuset ]; then
      cat "$parent/cpuset.cpus" >"$at/cpuset.cpus"
      cat "$parent/cpuset.mems" >"$at/cpuset.mems"
      echo 1 >"$at/cgroup.clone_children"
    fi
    echo "$BASHPID" >"$at/cgroup.procs"
  done <<<"$own"
}

# New at each boot, as on a real machine: no rule, link or address outlives it.
plug_in() {
  ip link del "$veth" 2>/dev/null || true
  ip netns del "$netns" 2>/dev/null || true
  ip netns add "$netns"
  ip link add "$veth" type veth peer name eth0 address "$(printf '02:70:6c:4d:00:%02x' "${ip##*.}")" netns "$netns"
  ip link set "$veth" master "$bridge"
  [ -e "$dir/network-cut" ] || ip link set "$veth" up
  ip -n "$netns" link set lo up
  ip -n "$netns" addr add "$ip/24" dev eth0
  ip -n "$netns" link set eth0 up
  ip -n "$netns" route add default via 10.77.0.1
}

enter_cgroups
# SYSTEMD_SECCOMP=0: runc inside needs calls that nspawn's filter refuses.
# SYSTEMD_NSPAWN_LOCK=0: nspawn would keep a lock file next to the root; the lab has its own.
export SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes SYSTEMD_SECCOMP=0 SYSTEMD_NSPAWN_LOCK=0
binds=()
while IFS= read -r bind; do binds+=("--bind=$bind"); done <"$dir/binds"

stopping=
trap 'stopping=1; kill -TERM "$nspawn" 2>/dev/null || true' TERM INT
while :; do
  plug_in
  systemd-nspawn --quiet --register=no --keep-unit --boot --directory="$dir/root" \
    --machine="$name" --hostname="$name" --resolv-conf=off --timezone=off --link-journal=no \
    --capability=all --network-namespace-path="/run/netns/$netns" --console=pipe --notify-ready=no \
    "${binds[@]}" &
  nspawn=$!
  echo "$nspawn" >"$dir/nspawn.pid"
  code=0
  wait "$nspawn" || code=$?
  # A signal ends `wait` early, with a code of its own.
  while kill -0 "$nspawn" 2>/dev/null; do
    code=0
    wait "$nspawn" || code=$?
  done
  echo "$name: systemd-nspawn ended with $code"
  # 133 says that the machine asked for a reboot.
  if [ -n "$stopping" ] || [ "$code" != 133 ]; then exit 0; fi
done
