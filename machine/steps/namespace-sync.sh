# shellcheck shell=bash
# The blueprint's namespaces and the cluster's identity in it.
printf '%s' "$MANIFEST" | run kube apply --server-side --field-manager=plinth --force-conflicts -f -

# One that is still going cannot take anything in.
wait_until_gone() {
  local phase
  phase=$(kube get namespace "$1" -o 'jsonpath={.status.phase}' --ignore-not-found)
  [[ $phase == Terminating ]] || return 0
  note "namespace $1 is still being deleted: waiting for it"
  hint "What is left in namespace $1? kubectl get namespace $1 -o yaml tells in its conditions."
  run kubectl --kubeconfig "$ADMIN" wait --for=delete "namespace/$1" --timeout=180s
}

wait_for_rows() {
  local name
  while read -r _ _ name; do wait_until_gone "$name"; done <<<"$1"
}

# Made by us where it is not there; remembered before it is, so that it is pruned one day.
make_namespace() {
  wait_until_gone "$1"
  [[ -z $(kube get namespace "$1" -o name --ignore-not-found) ]] || return 0
  remember "$(union "$(remembered)" "namespace - $1")"
  run kube create namespace "$1"
}

apply_namespaces() {
  local rows
  rows=$(rows_in "$1" "$2")
  wait_for_rows "$rows"
  remember "$(union "$(remembered)" "$rows")"
  apply_in "$1" "$2"
}

if [[ -n $ADDONS ]]; then
  render_addons
  of_addons namespaces apply_namespaces
  while read -r namespace; do
    [[ -z $namespace ]] || make_namespace "$namespace"
  done < <(named_namespaces)
fi
