# shellcheck shell=bash
# kubeadm, kubelet, kubectl, the CNI plugins and kubelet's unit. Files come from the bundle by their sums,
# or from KUBERNETES_URL and CNI_URL, where a sum lies beside each.

BIN=/usr/local/bin
CNI=/opt/cni/bin

# The file's own sum was checked when it arrived; whether it runs is asked when it is in place.
install_binary() {
  local name=$1 from=$2
  record_path "$BIN/$name"
  hint "Is the disk of $BIN full?"
  bundle_file "$from" >"$BIN/.$name.new"
  chmod 0755 "$BIN/.$name.new"
  mv -f "$BIN/.$name.new" "$BIN/$name"
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
    [[ -e $PLINTH_ARTIFACTS/$sum ]] || lacks "$name did not arrive"
    install_binary "$name" "$PLINTH_ARTIFACTS/$sum"
  else
    fetch "$KUBERNETES_URL/$name" "$name"
    install_binary "$name" "$DOWNLOADS/$name"
  fi
  [[ $(version_of "$name") == "$KUBERNETES_VERSION" ]] ||
    fail StepFailed "$BIN/$name does not run, or is not $KUBERNETES_VERSION" \
      "Is the machine's architecture the node's arch in the spec?"
  note "$name $KUBERNETES_VERSION"
  changed=1
done <<<"$BINARIES"

# What kubeadm's and Calico's networks call; each answers only when it is whole.
cni_plugins_answer() {
  local name
  for name in bandwidth bridge host-local loopback portmap tuning; do
    CNI_COMMAND=VERSION "$1/$name" </dev/null >/dev/null 2>&1 || return 1
  done
}

if ! cni_plugins_answer "$CNI"; then
  archive=$PLINTH_ARTIFACTS/$CNI_SUM
  if [[ -z $CNI_SUM ]]; then
    archive=$DOWNLOADS/cni.tgz
    fetch "$CNI_URL" cni.tgz
  fi
  [[ -e $archive ]] || lacks 'the CNI plugins did not arrive'
  rm -rf "$CNI.plinth-new"
  mkdir -p "$CNI" "$CNI.plinth-new"
  run tar -xzf "$archive" -C "$CNI.plinth-new" --no-same-owner
  # One by one: Calico's own lie here as well.
  find "$CNI.plinth-new" -type f -exec mv -f -t "$CNI" {} +
  rm -rf "$CNI.plinth-new"
  cni_plugins_answer "$CNI" || fail StepFailed "the CNI plugins in $CNI do not run" \
    "Is the machine's architecture the node's arch in the spec?"
  changed=1
fi
rm -rf "$DOWNLOADS"

files_of kubelet.service
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
# Credential plugins and static pods from URLs are the kubelet's children.
unit_proxy kubelet.service
files_of ''
setting_file /etc/plinth/kubeadm-patches/kubeletconfiguration+strategic.json 0644 "$KUBELET_PATCH"
((CHANGED == 0)) || changed=1
if changes_pending kubelet.service; then
  systemctl daemon-reload
  changes_taken kubelet.service
  changed=1
fi
systemctl is-enabled --quiet kubelet.service || {
  run systemctl enable --quiet kubelet.service
  changed=1
}
((changed)) || skip "kubeadm, kubelet and kubectl are $KUBERNETES_VERSION"
