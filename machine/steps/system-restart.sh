# shellcheck shell=bash
# While the API server was away, DNS and the service proxy asked for it less and less often: for up to a minute they would
# go on by what they knew. Started again they know at once; what they serve is served meanwhile.

hint 'kubectl -n kube-system get pods -o wide tells which pod does not come up.'
what=()
for each in deployment/coredns daemonset/kube-proxy; do
  [[ -z $(kube -n kube-system get "$each" --ignore-not-found -o name) ]] || what+=("$each")
done
((${#what[@]})) || skip 'there is neither DNS nor a service proxy of kubeadm'
run kube -n kube-system rollout restart "${what[@]}"
for each in "${what[@]}"; do
  run kubectl --kubeconfig "$ADMIN" -n kube-system rollout status "$each" --timeout="$WAIT_SECONDS"s ||
    fail StepFailed "$each does not come up again"
done
