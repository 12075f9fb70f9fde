# shellcheck shell=bash
# What steps of kubeadm share. NODE_NAME, PRIVATE_IP and KUBERNETES_VERSION are parameters.

ADMIN=/etc/kubernetes/admin.conf

kube() { kubectl --kubeconfig "$ADMIN" --request-timeout=20s "$@"; }

# api_answers URL: an API server answers there, whichever.
api_answers() {
  curl -fsSk --noproxy '*' --connect-timeout 3 --max-time 10 "$1/version" 2>/dev/null | grep -q '"gitVersion"'
}

# The hash that joining nodes verify the cluster's CA by.
ca_cert_hash() {
  printf 'sha256:%s' "$(
    openssl x509 -pubkey -noout -in /etc/kubernetes/pki/ca.crt |
      openssl pkey -pubin -outform der | sha256sum | cut -d ' ' -f 1
  )"
}

kubelet_lines() {
  have journalctl || return 0
  note "--- kubelet's last lines"
  journalctl --no-pager -o cat -n "${1:-15}" -u kubelet.service 2>/dev/null || true
}

# Takes back what an earlier attempt of ours left on this machine, and nothing else.
reset_half_state() {
  note 'an earlier attempt left this machine half way: resetting it first'
  systemctl stop kubelet.service 2>/dev/null || true
  run timeout 180 kubeadm reset -f --skip-phases=remove-etcd-member \
    --cri-socket unix:///run/containerd/containerd.sock || note 'kubeadm reset did not end well; going on'
  local id
  for id in $(ctr -n k8s.io tasks ls -q 2>/dev/null); do
    ctr -n k8s.io tasks kill -s KILL "$id" >/dev/null 2>&1 || true
  done
  for id in $(ctr -n k8s.io containers ls -q 2>/dev/null); do
    ctr -n k8s.io tasks rm -f "$id" >/dev/null 2>&1 || true
    ctr -n k8s.io containers rm "$id" >/dev/null 2>&1 || true
  done
  # On a worker it is somebody else's, if it is there.
  [[ ! -e $PLINTH_BEFORE/paths/$(plinth_path_key /var/lib/etcd) ]] || find /var/lib/etcd -mindepth 1 -delete 2>/dev/null || true
  # A network's configuration from before would make the node Ready before there is a network.
  find /etc/cni/net.d -mindepth 1 -delete 2>/dev/null || true
  rm -rf /etc/kubernetes/manifests /etc/kubernetes/pki /etc/kubernetes/*.conf \
    /var/lib/kubelet/pki /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env \
    /var/lib/calico/nodename
}

half_way() {
  [[ -e /etc/kubernetes/kubelet.conf || -e /etc/kubernetes/bootstrap-kubelet.conf ||
    -e /etc/kubernetes/pki/ca.crt || -e /var/lib/kubelet/config.yaml ]] ||
    compgen -G '/etc/kubernetes/manifests/*.yaml' >/dev/null
}

# Set when kubeadm and everything after it ended well. From then on the machine holds state that is not ours to
# throw away: what does not answer is told to a person, never reset.
COMPLETE=/etc/kubernetes/plinth-complete

mark_complete() { printf '%s\n' "$PLINTH_CLUSTER_ID" >"$COMPLETE.new" && sync "$COMPLETE.new" && mv -f "$COMPLETE.new" "$COMPLETE"; }

was_complete() { [[ -e $COMPLETE ]]; }

# A file that holds secrets exists only while kubeadm reads it.
secret_file() {
  (umask 077 && cat >"$PLINTH_RUN_DIR/$1")
  printf '%s' "$PLINTH_RUN_DIR/$1"
}
