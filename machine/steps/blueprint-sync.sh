# shellcheck shell=bash
# The blueprint's manifests; what an earlier blueprint applied and this one does not hold is pruned.
# OBJECTS: rows of `resource.group namespace name` of the built-in parts, `-` for no namespace.

# Definitions first: the API server knows nothing of what they define before.
apply_definitions() {
  local rows name
  rows=$(rows_in "$1" "$2")
  wanted=$(union "$wanted" "$rows")
  remember "$(union "$before" "$wanted")"
  apply_in "$1" "$2"
  while read -r _ _ name; do
    run kubectl --kubeconfig "$ADMIN" wait --for=condition=Established "crd/$name" --timeout=60s
  done <<<"$rows"
}

# Everything is asked for before anything is applied: what is not accepted changes nothing.
look_ahead() {
  local rows both
  hint "The message above names the object of add-on $3 and what the API server does not accept about it. What cannot be changed (a Job, a selector) needs another name."
  printf 'kubectl apply --server-side --dry-run=server (add-on %s)\n' "$3" >"$PLINTH_RUN_DIR/command"
  rows=$(rows_in "$1" "$2")
  both=$(grep -xF "$wanted" <<<"$rows" | head -n 3 | paste -sd ';' -) || true
  [[ -z $both ]] || fail StepFailed "add-on $3 holds what another part of the blueprint holds as well: $both"
  wanted=$(union "$wanted" "$rows")
}

apply_objects() {
  printf 'kubectl apply --server-side (add-on %s)\n' "$3" >"$PLINTH_RUN_DIR/command"
  apply_in "$1" "$2"
}

note_namespaces() { wanted=$(union "$wanted" "$(rows_in "$1" "$2")"); }

# Those that were there before the blueprint named them are not its own.
note_own_namespaces() {
  local namespace
  while read -r namespace; do
    if grep -qxF "namespace - $namespace" <<<"$before"; then
      wanted=$(union "$wanted" "namespace - $namespace")
    fi
  done < <(named_namespaces)
}

prune_object() {
  local scope=()
  [[ $2 == - ]] || scope=(-n "$2")
  if run kube "${scope[@]}" delete "$1" "$3" --ignore-not-found --wait=false; then return; fi
  if kube get "$1" -A -o name >/dev/null 2>&1; then fail StepFailed "$1 $3 cannot be deleted"; fi
  note "there is no $1 any more, so no $3"
}

# What it defines may be people's own.
prune_definition() {
  [[ -n $(kube get crd "$1" -o name --ignore-not-found) ]] || return 0
  if [[ -n $(kube get "$1" -A -o name 2>/dev/null | head -n 1) ]]; then
    note "customresourcedefinition $1 stays: there are objects of it"
    wanted=$(union "$wanted" "customresourcedefinition.apiextensions.k8s.io - $1")
    return
  fi
  run kube delete crd "$1" --ignore-not-found --wait=false
}

# Anything in a namespace beside what every namespace has.
others_in() {
  local types
  types=$(kube api-resources --verbs=list,delete --namespaced -o name |
    grep -vE '^(events|events\.events\.k8s\.io|endpoints|endpointslices\.discovery\.k8s\.io)$' | paste -sd , -)
  kube -n "$1" get "$types" -o name --ignore-not-found |
    grep -vxE 'configmap/kube-root-ca.crt|serviceaccount/default' | head -n 5
}

# What people have put there stays, and its namespace with it; workloads that were just pruned take a moment to go.
prune_namespace() {
  local deadline=$((SECONDS + 60)) left
  [[ -n $(kube get namespace "$1" -o name --ignore-not-found) ]] || return 0
  while left=$(others_in "$1" || true) && [[ -n $left ]] && ((SECONDS < deadline)); do sleep 2; done
  case $1 in
    default | kube-*) return ;;
  esac
  if [[ -n $left ]]; then
    note "namespace $1 stays: there are $(paste -sd ' ' - <<<"$left") in it"
    wanted=$(union "$wanted" "namespace - $1")
    return
  fi
  run kube delete namespace "$1" --ignore-not-found --wait=false
}

hint 'The message above names the object and what the API server does not accept about it.'
before=$(remembered)
wanted=$OBJECTS
if [[ -n $ADDONS ]]; then
  render_addons
  of_addons crds apply_definitions
  of_addons objects look_ahead
  of_addons namespaces note_namespaces
  note_own_namespaces
fi
# Remembered before they are there: a kill in between must not leave objects that are never pruned.
remember "$(union "$before" "$wanted")"
if [[ -n $MANIFEST ]]; then
  printf 'kubectl apply --server-side (the blueprint)\n' >"$PLINTH_RUN_DIR/command"
  printf '%s' "$MANIFEST" | kube apply --server-side --field-manager=plinth --force-conflicts -f -
fi
of_addons objects apply_objects

hint 'The message above names what of an earlier blueprint cannot be deleted.'
dropped=$(grep -vxF "$wanted" <<<"$before" || true)
while read -r kind namespace name; do
  case $kind in
    '' | namespace | customresourcedefinition.apiextensions.k8s.io) ;;
    *) prune_object "$kind" "$namespace" "$name" ;;
  esac
done <<<"$dropped"
while read -r kind _ name; do
  [[ $kind != customresourcedefinition.apiextensions.k8s.io ]] || prune_definition "$name"
done <<<"$dropped"
while read -r kind _ name; do
  [[ $kind != namespace ]] || prune_namespace "$name"
done <<<"$dropped"
remember "$wanted"
# They may hold Secrets, and are sent again where they are needed.
while read -r _ sum _; do
  [[ -z $sum ]] || rm -f "$PLINTH_ARTIFACTS/$sum"
done <<<"$FILES"
