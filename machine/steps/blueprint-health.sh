# shellcheck shell=bash
# Every workload of the blueprint, and the cluster's DNS, is rolled out. WORKLOADS: rows of `namespace kind/name`.
while read -r namespace workload; do
  [[ -n $workload ]] || continue
  hint "kubectl -n $namespace describe $workload and its pods' events tell why."
  if ! run kubectl --kubeconfig "$ADMIN" -n "$namespace" rollout status "$workload" --timeout=300s; then
    kube -n "$namespace" get pods -o wide || true
    kube -n "$namespace" get events --field-selector type=Warning --sort-by=.lastTimestamp 2>/dev/null | tail -n 10 || true
    fail StepFailed "$workload in $namespace is not rolled out after 300 s"
  fi
done <<<"$WORKLOADS"
# An APIService counts only once it answers: kubectl top works from then on.
while read -r service; do
  [[ -n $service ]] || continue
  hint "kubectl describe apiservice $service tells why it is not available."
  run kubectl --kubeconfig "$ADMIN" wait --for=condition=Available "apiservice/$service" --timeout=180s
done <<<"$APISERVICES"
