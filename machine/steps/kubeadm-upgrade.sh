# shellcheck shell=bash
# This node's configuration and, on a control plane, its static pods become KUBERNETES_VERSION: by `apply` where the
# cluster itself is still older, by `node` everywhere else. ARGUMENTS: of kubeadm, without blanks in them.

# Written when kubeadm ended well; kubeadm's own state does not say so of a node.
UPGRADED=/etc/kubernetes/plinth-upgraded

cluster_version() {
  kube -n kube-system get configmap kubeadm-config -o 'jsonpath={.data.ClusterConfiguration}' |
    sed -n 's/^kubernetesVersion: *//p'
}

static_pods_are_new() {
  local name
  for name in kube-apiserver kube-controller-manager kube-scheduler; do
    grep -q "image: .*/$name:$KUBERNETES_VERSION\$" "/etc/kubernetes/manifests/$name.yaml" || return 1
  done
}

if [[ -e $UPGRADED && $(<"$UPGRADED") == "$KUBERNETES_VERSION" ]] &&
  { [[ $CONTROL_PLANE != true ]] || static_pods_are_new; }; then
  skip "the node is configured for $KUBERNETES_VERSION"
fi
read -ra arguments <<<"$ARGUMENTS"
verb=(node)
if [[ $CONTROL_PLANE == true ]]; then
  wait_for_api
  others_hold_quorum
  version=$(cluster_version)
  [[ -n $version ]] || fail StepFailed "kubeadm's configuration of this cluster names no version" \
    'kubectl -n kube-system get configmap kubeadm-config'
  [[ $version == "$KUBERNETES_VERSION" ]] || verb=(apply "$KUBERNETES_VERSION" --yes)
  note_service_watches
  start_yielding
fi
hint 'kubeadm says above what is wrong, and has gone back to the static pods of before; mend it, then retry.'
if ! run kubeadm upgrade "${verb[@]}" "${arguments[@]}"; then
  kubelet_lines 25
  fail StepFailed "kubeadm upgrade ${verb[0]} failed" \
    'The lines above say in which phase; kubeadm has gone back to the static pods of before. Mend it, then retry.'
fi
if [[ $CONTROL_PLANE == true ]]; then
  stop_yielding
  wait_for_api
  static_pods_are_new || fail StepFailed "the static pods are not those of $KUBERNETES_VERSION after kubeadm's upgrade" \
    'Compare /etc/kubernetes/manifests with what kubeadm says above.'
  # The next thing that happens is a drain.
  wait_for_service_watches
fi
printf '%s\n' "$KUBERNETES_VERSION" >"$UPGRADED.new" && sync "$UPGRADED.new" && mv -f "$UPGRADED.new" "$UPGRADED"
