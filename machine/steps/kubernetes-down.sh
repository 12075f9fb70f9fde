# shellcheck shell=bash
# What it takes to have nothing of Kubernetes running, mounted or routed, with whatever tools there are.

# Processes whose cgroup belongs to a pod, and the shims that would report on them.
pod_pids() {
  local file pid arguments
  for file in /proc/[0-9]*/cgroup; do
    pid=${file#/proc/}
    pid=${pid%/cgroup}
    if grep -qs kubepods "$file"; then
      printf '%s\n' "$pid"
    elif [[ $(cat "/proc/$pid/comm" 2>/dev/null) == containerd-shim* ]]; then
      arguments=$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) || continue
      [[ $arguments != *'-namespace k8s.io '* ]] || printf '%s\n' "$pid"
    fi
  done
}

kill_pods() {
  local pid tries
  for ((tries = 0; tries < 100; tries++)); do
    mapfile -t pids < <(pod_pids)
    ((${#pids[@]})) || return 0
    for pid in "${pids[@]}"; do
      # 0 is a process outside our PID namespace.
      ((pid <= 1)) || kill -KILL "$pid" 2>/dev/null || true
    done
    sleep 0.1
  done
  fail StepFailed "processes of pods do not end: ${pids[*]}" \
    'They may hang in the kernel (a dead network volume): reboot the machine, then try again.'
}

stop_kubelet() {
  local pid
  if have systemctl && systemctl cat kubelet.service >/dev/null 2>&1; then
    record_unit kubelet.service
    run systemctl stop kubelet.service
  fi
  for pid in /proc/[0-9]*; do
    [[ $(cat "$pid/comm" 2>/dev/null) != kubelet ]] || kill -KILL "${pid#/proc/}" 2>/dev/null || true
  done
}

# Sets of Calico live in the kernel; where the machine has no ipset, the node image brings it.
flush_ipsets() {
  local image root=$PLINTH_RUN_DIR/image set tool=(ipset)
  if ! have ipset; then
    have ctr || return 0
    image=$(timeout 20 ctr -n k8s.io images ls -q 2>/dev/null | grep -m 1 'calico/node:') || return 0
    mkdir -p "$root"
    timeout 20 ctr -n k8s.io images mount "$image" "$root" >/dev/null 2>&1 || return 0
    tool=(chroot "$root" ipset)
  fi
  "${tool[@]}" list -n 2>/dev/null | grep -E '^(cali|KUBE-)' | while read -r set; do
    "${tool[@]}" destroy "$set" 2>/dev/null || true
  done || true
  if [[ -d $root ]]; then
    umount "$root" 2>/dev/null || true
    timeout 20 ctr -n k8s.io snapshots rm "$root" >/dev/null 2>&1 || true
  fi
}

# Not from /sys, which may show another network namespace.
links() { sed -n 's/^ *\([^ :]*\):.*/\1/p' /proc/net/dev; }

clean_network() {
  local link namespace
  for namespace in /run/netns/cni-*; do
    [[ -e $namespace ]] || continue
    umount "$namespace" 2>/dev/null || true
    rm -f "$namespace"
  done
  have ip || return 0
  for link in $(links); do
    case $link in
      cali* | *.calico | wireguard.cali | kube-ipvs0 | nodelocaldns | cni0)
        was_before links "$link" || ip link delete "$link" 2>/dev/null || true
        ;;
      # Belongs to a kernel module: it can be emptied, not deleted.
      tunl0) was_before links tunl0 || { ip addr flush dev tunl0 && ip link set tunl0 down; } ;;
    esac
  done
  # Felix marks its routes, the blackholes of its blocks among them.
  ip route flush table main proto 80 2>/dev/null || true
  ip -6 route flush table main proto 80 2>/dev/null || true
}

# Slices and scopes that kubelet and the runtime left behind, and their cgroups.
clean_cgroups() {
  local unit
  if have systemctl; then
    systemctl list-units --all --no-legend --plain 'kubepods*' 'cri-containerd-*' 2>/dev/null |
      awk '{ print $1 }' | while read -r unit; do
      systemctl stop "$unit" 2>/dev/null || true
      systemctl reset-failed "$unit" 2>/dev/null || true
    done
  fi
  find /sys/fs/cgroup -depth -type d -path '*kubepods*' -exec rmdir {} \; 2>/dev/null || true
}
