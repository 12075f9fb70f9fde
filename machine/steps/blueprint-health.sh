# shellcheck shell=bash
# Every workload of the blueprint, and the cluster's DNS, is rolled out within HEALTH_SECONDS; all that is not is named.
# WORKLOADS: rows of `namespace kind/name`, APISERVICES: names, both of the built-in parts. ADDONS is set where the
# blueprint has more, which the cluster remembers.
DEADLINE=$((SECONDS + HEALTH_SECONDS))
unhealthy=()

# What is left of the time; once it is over, the others are still looked at, that all may be named.
seconds_left() {
  local left=$((DEADLINE - SECONDS))
  printf '%s' "$((left > 1 ? left : 1))"
}

tell_about() {
  unhealthy+=("$2 in $1")
  kube -n "$1" get pods -o wide || true
  kube -n "$1" get events --field-selector type=Warning --sort-by=.lastTimestamp 2>/dev/null | tail -n 10 || true
}

rolled_out() {
  # Roll-outs that a person drives by hand have no end to wait for.
  [[ $2 != daemonset.apps/* && $2 != statefulset.apps/* && $2 != daemonset/* ]] ||
    [[ $(kube -n "$1" get "$2" -o 'jsonpath={.spec.updateStrategy.type}') != OnDelete ]] || return 0
  run kubectl --kubeconfig "$ADMIN" -n "$1" rollout status "$2" "--timeout=$(seconds_left)s" ||
    tell_about "$1" "$2"
}

finished() {
  local conditions
  while :; do
    conditions=$(kube -n "$1" get "$2" -o 'jsonpath={range .status.conditions[?(@.status=="True")]}{.type} {end}' --ignore-not-found)
    case " $conditions" in
      *' Complete '*) return 0 ;;
      *' Failed '*) break ;;
    esac
    ((SECONDS < DEADLINE)) || break
    sleep 2
  done
  tell_about "$1" "$2"
}

# An APIService counts only once it answers: kubectl top works from then on.
available() {
  run kubectl --kubeconfig "$ADMIN" wait --for=condition=Available "apiservice/$1" "--timeout=$(seconds_left)s" ||
    unhealthy+=("apiservice/$1")
}

while read -r namespace workload; do
  [[ -z $workload ]] || rolled_out "$namespace" "$workload" </dev/null
done <<<"$WORKLOADS"
if [[ -n $ADDONS ]]; then
  while read -r kind namespace name; do
    case $kind in
      deployment.apps | daemonset.apps | statefulset.apps) rolled_out "$namespace" "$kind/$name" ;;
      job.batch) finished "$namespace" "$kind/$name" ;;
      apiservice.apiregistration.k8s.io) available "$name" ;;
    esac </dev/null
  done < <(kube -n plinth-system get configmap blueprint-objects -o 'jsonpath={.data.objects}')
fi
while read -r service; do
  [[ -z $service ]] || available "$service" </dev/null
done <<<"$APISERVICES"
((${#unhealthy[@]} == 0)) || {
  list=$(printf ', %s' "${unhealthy[@]}")
  fail StepFailed "not healthy after $HEALTH_SECONDS s: ${list#, }" \
    "kubectl describe of each, and its pods' events above, tell why."
}
