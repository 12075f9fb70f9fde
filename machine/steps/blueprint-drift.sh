# shellcheck shell=bash
# Where what is live differs from what the blueprint holds: names only, for what differs may be secret.
hint 'Is the API server healthy? kubectl get --raw /readyz?verbose on this control plane tells.'
run kube get --raw /readyz >/dev/null

drifted=

# kubectl writes both sides as files of one name: `apps.v1.Deployment.web.site`.
names_of() {
  sed -n 's|^Files \(.*\) and .* differ$|\1|p' | sed 's|.*/||' | awk -F . '{
    for (k = 1; k <= NF && $k !~ /^[A-Z]/; k++);
    name = $(k + 2)
    for (i = k + 3; i <= NF; i++) name = name "." $i
    print tolower($k), ($(k + 1) == "" ? "" : $(k + 1) "/") name
  }'
}

compare() {
  local kubeconfig code=0 found
  kubeconfig=$(kubeconfig_in "$1")
  found=$(KUBECTL_EXTERNAL_DIFF='diff -rqN' TMPDIR=$PLINTH_RUN_DIR kubectl --kubeconfig "$kubeconfig" \
    --request-timeout=60s diff --server-side --force-conflicts --field-manager=plinth -f "$2") || code=$?
  # Its namespace, or what defines it, is not there.
  if ((code > 1)); then
    drifted=$(union "$drifted" "$3: cannot be compared")
  elif ((code == 1)); then
    drifted=$(union "$drifted" "$(names_of <<<"$found")")
  fi
}

if [[ -n $MANIFEST ]]; then
  (umask 077 && printf '%s' "$MANIFEST" >"$PLINTH_RUN_DIR/built-in.yaml")
  compare - "$PLINTH_RUN_DIR/built-in.yaml" 'the built-in parts'
fi
if [[ -n $ADDONS ]]; then
  render_addons
  of_addons namespaces compare
  of_addons crds compare
  of_addons objects compare
fi
result drift "$drifted"
if [[ -z $drifted ]]; then note 'what is live is what the blueprint holds'; else
  note 'these differ from what the blueprint holds:'
  note "$drifted"
fi
while read -r _ sum _; do
  [[ -z $sum ]] || rm -f "$PLINTH_ARTIFACTS/$sum"
done <<<"$FILES"
