# shellcheck shell=bash
# Charts, rendered by helm itself: nothing of it runs in the cluster, and no release is recorded there.
# HELM_VERSION, and HELM_SUM of the bundle's file or HELM_URL; all empty where no add-on is a chart.

helm_tool() {
  HELM=$PLINTH_STATE/tools/helm-$HELM_VERSION
  [[ ! -x $HELM ]] || return 0
  mkdir -p "$PLINTH_STATE/tools"
  if [[ -n $HELM_SUM ]]; then
    [[ -e $PLINTH_ARTIFACTS/$HELM_SUM ]] || fail ArtifactMissing 'helm did not arrive' 'Retry: it is sent again.'
    bundle_file "$PLINTH_ARTIFACTS/$HELM_SUM" >"$HELM.new"
  else
    fetch "$HELM_URL" helm.tgz
    tar -xzOf "$DOWNLOADS/helm.tgz" --wildcards '*/helm' >"$HELM.new"
    rm -rf "$DOWNLOADS"
  fi
  chmod 0755 "$HELM.new"
  "$HELM.new" version --short >/dev/null ||
    fail StepFailed 'helm does not run on this machine' "Is the machine's architecture the node's arch in the spec?"
  mv -f "$HELM.new" "$HELM"
}

# render_chart DIR RELEASE NAMESPACE NAME: DIR/chart.tgz with DIR/values.yaml becomes DIR/rendered.yaml. Hooks are left
# out: they are for a helm that installs.
render_chart() {
  local versions=() version
  helm_tool
  while read -r version; do versions+=(--api-versions "$version"); done < <(kube api-versions)
  hint "The message above is helm's own, of add-on $4: is the chart whole, with all that it depends on, and do its values fit?"
  printf 'helm template (add-on %s)\n' "$4" >"$PLINTH_RUN_DIR/command"
  HELM_CACHE_HOME=$RENDERED/helm HELM_CONFIG_HOME=$RENDERED/helm HELM_DATA_HOME=$RENDERED/helm \
    offline "$HELM" template "$2" "$1/chart.tgz" --namespace "$3" --values "$1/values.yaml" --include-crds --no-hooks \
    --kube-version "$KUBERNETES_VERSION" "${versions[@]}" >"$1/rendered.yaml" ||
    fail StepFailed "the chart of add-on $4 cannot be rendered"
  grep -q '^kind:' "$1/rendered.yaml" ||
    fail StepFailed "the chart of add-on $4 renders to nothing with its values"
}
