# shellcheck shell=bash
# Leaves nothing of Kubernetes running, mounted or configured, from whatever state the creation was
# left in and with whatever tools are there. `kubeadm reset` is not used: it asks the CNI plugin to
# take down every pod, which waits for an API server that is gone, and waits for etcd's quorum.

[[ ! -e $RESTORED ]] || skip 'the machine is as it was found'
if [[ ! -e $PLINTH_BEFORE/claimed && ! -e /etc/kubernetes && ! -e /var/lib/kubelet/config.yaml ]]; then
  skip 'nothing was done to this machine'
fi

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

# Only chains and rules of Kubernetes, Calico and the portmap plugin, in one transaction a table;
# a table that holds nothing after that, and is not one that was there before, goes too.
clean_tables() {
  local save=$1 restore=$2 table rules kept
  have "$save" || return 0
  for table in raw mangle nat filter; do
    rules=$("$save" -t "$table" 2>/dev/null) || continue
    awk -v table="$table" '
      function ours(chain) { return chain ~ /^(KUBE-|cali-|CNI-)/ }
      /^:/ { chain = substr($1, 2); if (ours(chain)) { declare = declare ":" chain " - [0:0]\n"; drop = drop "-X " chain "\n" } }
      /^-A / && !ours($2) && / (-j|-g) (KUBE-|cali-|CNI-)|--comment "?cali:/ { sub(/^-A/, "-D"); undo = undo $0 "\n" }
      END { if (declare undo != "") printf "*%s\n%s%s%sCOMMIT\n", table, declare, undo, drop }
    ' <<<"$rules" >"$PLINTH_RUN_DIR/rules"
    if [[ -s $PLINTH_RUN_DIR/rules ]]; then
      note "taking our chains out of $save's table $table"
      "$restore" --noflush <"$PLINTH_RUN_DIR/rules" ||
        fail StepFailed "cannot take the chains of Kubernetes out of the table $table" \
          "Look at $save -t $table: a rule that is not ours may refer to a chain of ours."
    fi
    # Every policy ACCEPT, no rule, no chain of others.
    kept=$("$save" -t "$table" 2>/dev/null | grep -vE '^(#|\*|COMMIT|:[A-Z]+ ACCEPT )') || true
    if [[ -z $kept ]] && ! grep -qxF "*$table" "$PLINTH_BEFORE/${save/-nft/}" 2>/dev/null; then
      printf '*%s\nCOMMIT\n' "$table" | "$restore" 2>/dev/null || true
    fi
  done
}

clean_rules() {
  local family
  for family in iptables ip6tables; do
    if have "$family-nft-save"; then
      clean_tables "$family-nft-save" "$family-nft-restore"
      # Asking the legacy tools loads their modules: only where they are in use.
      if have "$family-legacy-save" && [[ -s /proc/net/${family/tables/}_tables_names ]]; then
        clean_tables "$family-legacy-save" "$family-legacy-restore"
      fi
    else
      clean_tables "$family-save" "$family-restore"
    fi
  done
  if have nft; then
    for family in ip ip6; do
      for table in kube-proxy calico; do
        nft delete table "$family" "$table" 2>/dev/null || true
      done
    done
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

verify() {
  local left=()
  mapfile -t left < <(
    pod_pids | sed 's/^/process /'
    mounts_under /var/lib/kubelet | sed 's/^/mount /'
    links | sed -n '/^cali\|\.calico$/s/^/link /p'
    for path in /etc/kubernetes/{admin,kubelet}.conf /etc/kubernetes/manifests/*.yaml; do
      [[ ! -e $path ]] || printf 'file %s\n' "$path"
    done
  )
  ((${#left[@]} == 0)) ||
    fail StepFailed "Kubernetes is not wholly gone: ${left[*]}" 'Reboot the machine, then try again.'
}

stop_kubelet
note 'stopping what runs in pods'
kill_pods
flush_ipsets
if have systemctl && systemctl is-active --quiet containerd.service; then
  record_unit containerd.service
  run systemctl stop containerd.service
fi
kill_pods
note 'unmounting'
for path in /var/lib/kubelet /run/containerd /var/lib/containerd /run/netns /run/calico; do
  unmount_under "$path"
done
was_before mounts /sys/fs/bpf || umount /sys/fs/bpf 2>/dev/null || true
clean_network
clean_rules
clean_cgroups
note 'removing what Kubernetes kept'
for path in /etc/kubernetes /var/lib/kubelet /var/lib/etcd /etc/cni /opt/cni /var/lib/cni /var/lib/calico \
  /run/calico /run/netns /run/nodeagent /run/kubernetes /run/flannel /var/lib/kube-proxy \
  /var/log/calico /var/log/pods /var/log/containers /usr/libexec/kubernetes /root/.kube; do
  restore_path "$path"
done
verify
note 'nothing of Kubernetes is left running'
