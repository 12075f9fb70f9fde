# shellcheck shell=bash
# kubeadm, kubelet, kubectl, the CNI plugins and kubelet's unit. Files come from the bundle by their sums,
# or from KUBERNETES_URL and CNI_URL, where a sum lies beside each.

BIN=/usr/local/bin
CNI=/opt/cni/bin

# fetch URL FILE: verified by the sum that is published beside it.
fetch() {
  local wanted
  hint "Can the machine reach $1? A proxy or a mirror can be set."
  run curl -fsSL --retry 3 --connect-timeout 10 -o "$2.part" "$1"
  wanted=$(curl -fsSL --retry 3 --connect-timeout 10 "$1.sha256")
  [[ $(sha256sum "$2.part" | cut -d ' ' -f 1) == "${wanted%% *}" ]] ||
    fail ArtifactCorrupt "$1 does not have the sum that is published beside it" 'Retry; if it stays, the mirror is broken.'
  mv -f "$2.part" "$2"
}

# The file's own sum decides: an older version, or somebody else's, is replaced.
install_binary() {
  local name=$1 sum=$2 from=$3
  record_path "$BIN/$name"
  install -m 0755 "$from" "$BIN/.$name.new"
  mv -f "$BIN/.$name.new" "$BIN/$name"
  [[ -z $sum || $(sha256sum "$BIN/$name" | cut -d ' ' -f 1) == "$sum" ]] ||
    fail ArtifactCorrupt "$BIN/$name is not what was sent" 'Is the disk full or broken?'
}

version_of() {
  case $1 in
    kubelet) "$BIN/kubelet" --version 2>/dev/null | awk '{ print $2 }' ;;
    kubeadm) "$BIN/kubeadm" version -o short 2>/dev/null ;;
    kubectl) "$BIN/kubectl" version --client 2>/dev/null | awk '/^Client/ { print $3 }' ;;
  esac
}

changed=0
CHANGED=0
while read -r name sum; do
  [[ $(version_of "$name") == "$KUBERNETES_VERSION" ]] && continue
  if [[ -n $sum ]]; then
    [[ -e $PLINTH_ARTIFACTS/$sum ]] || fail ArtifactMissing "$name did not arrive" 'Retry: it is sent again.'
    install_binary "$name" "$sum" "$PLINTH_ARTIFACTS/$sum"
  else
    fetch "$KUBERNETES_URL/$name" "$PLINTH_RUN_DIR/$name"
    install_binary "$name" '' "$PLINTH_RUN_DIR/$name"
  fi
  [[ $(version_of "$name") == "$KUBERNETES_VERSION" ]] ||
    fail StepFailed "$BIN/$name does not run, or is not $KUBERNETES_VERSION" \
      "Is the machine's architecture the node's arch in the spec?"
  note "$name $KUBERNETES_VERSION"
  changed=1
done <<<"$BINARIES"

if [[ ! -x $CNI/loopback || ! -x $CNI/portmap ]]; then
  mkdir -p "$CNI"
  archive=$PLINTH_ARTIFACTS/$CNI_SUM
  if [[ -z $CNI_SUM ]]; then
    archive=$PLINTH_RUN_DIR/cni.tgz
    fetch "$CNI_URL" "$archive"
  fi
  [[ -e $archive ]] || fail ArtifactMissing 'the CNI plugins did not arrive' 'Retry: they are sent again.'
  run tar -xzf "$archive" -C "$CNI" --no-same-owner
  changed=1
fi

record_unit kubelet.service
put_file /etc/systemd/system/kubelet.service 0644 <<'UNIT'
[Unit]
Description=kubelet: the Kubernetes node agent
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target containerd.service
[Service]
ExecStart=/usr/local/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=2
CPUAccounting=true
MemoryAccounting=true
[Install]
WantedBy=multi-user.target
UNIT
put_file /etc/systemd/system/kubelet.service.d/10-kubeadm.conf 0644 <<'UNIT'
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
# Written by kubeadm init and join.
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/local/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
UNIT
if [[ -n $KUBELET_PATCH ]]; then
  put_file /etc/plinth/kubeadm-patches/kubeletconfiguration+strategic.json 0644 <<<"$KUBELET_PATCH"
fi
((CHANGED == 0)) || {
  systemctl daemon-reload
  changed=1
}
systemctl is-enabled --quiet kubelet.service || {
  run systemctl enable --quiet kubelet.service
  changed=1
}
((changed)) || skip "kubeadm, kubelet and kubectl are $KUBERNETES_VERSION"
