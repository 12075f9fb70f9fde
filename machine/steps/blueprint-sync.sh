# shellcheck shell=bash
# The blueprint's manifests; what an earlier blueprint applied and this one does not hold is pruned.
# OBJECTS: rows of `resource.group namespace name` of this blueprint, `-` for no namespace.

remember() {
  kube apply --server-side --field-manager=plinth --force-conflicts -f - >/dev/null <<YAML
apiVersion: v1
kind: ConfigMap
metadata:
  name: blueprint-objects
  namespace: plinth-system
data:
  objects: |
$(sed 's/^/    /' <<<"$1")
YAML
}

hint 'The message above names the object and what the API server does not accept about it.'
before=$(kube -n plinth-system get configmap blueprint-objects -o 'jsonpath={.data.objects}' --ignore-not-found)
# Remembered before they are there: a kill in between must not leave objects that are never pruned.
remember "$(printf '%s\n' "$before" "$OBJECTS" | sed '/^$/d' | sort -u)"
if [[ -n $MANIFEST ]]; then
  printf 'kubectl apply --server-side (the blueprint)\n' >"$PLINTH_RUN_DIR/command"
  printf '%s' "$MANIFEST" | kube apply --server-side --field-manager=plinth --force-conflicts -f -
fi

while read -r kind namespace name; do
  [[ -n $kind ]] || continue
  grep -qxF "$kind $namespace $name" <<<"$OBJECTS" && continue
  scope=()
  [[ $namespace == - ]] || scope=(-n "$namespace")
  run kube "${scope[@]}" delete "$kind" "$name" --ignore-not-found --wait=false
done <<<"$before"
remember "$OBJECTS"
