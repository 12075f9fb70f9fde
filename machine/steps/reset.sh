# shellcheck shell=bash
# Leaves nothing of Kubernetes running, mounted or configured, from whatever state the creation was
# left in and with whatever tools are there. `kubeadm reset` is not used: it asks the CNI plugin to
# take down every pod, which waits for an API server that is gone, and waits for etcd's quorum.

[[ ! -e $RESTORED ]] || skip 'the machine is as it was found'
if [[ ! -e $PLINTH_BEFORE/claimed && ! -e /etc/kubernetes && ! -e /var/lib/kubelet/config.yaml ]]; then
  skip 'nothing was done to this machine'
fi

verify() {
  local left=()
  mapfile -t left < <(
    pod_pids | sed 's/^/process /'
    mounts_under /var/lib/kubelet | sed 's/^/mount /'
    ! have ipset || ipset list -n 2>/dev/null | sed -n '/^cali\|^KUBE-/s/^/ipset /p'
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
# The rules first: a set that a rule names cannot be destroyed.
clean_rules
flush_ipsets
if have systemctl && systemctl is-active --quiet containerd.service; then
  record_unit containerd.service
  run systemctl stop containerd.service
fi
kill_pods
note 'unmounting'
for path in /var/lib/kubelet /run/containerd /var/lib/containerd /run/calico; do
  unmount_under "$path"
done
# Calico mounts it where systemd has not.
[[ ! -e $PLINTH_BEFORE/mounts ]] || was_before mounts /sys/fs/bpf || umount /sys/fs/bpf 2>/dev/null || true
clean_network
clean_cgroups
note 'removing what Kubernetes kept'
if [[ -e $PLINTH_BEFORE/packages ]]; then
  # Which of them go is for `restore` to find out.
  now=$(installed_packages)
  mapfile -t came < <(comm -13 <(installed_at_claim) <(printf '%s\n' "$now"))
  hold_paths "${came[@]}"
fi
for path in /etc/kubernetes /var/lib/kubelet /var/lib/etcd /etc/cni /opt/cni /var/lib/cni /var/lib/calico \
  /run/calico /run/netns /run/nodeagent /run/kubernetes /run/flannel /var/lib/kube-proxy \
  /var/log/calico /var/log/pods /var/log/containers /usr/libexec/kubernetes /root/.kube/cache /root/.kube; do
  restore_path "$path"
done
verify
note 'nothing of Kubernetes is left running'
