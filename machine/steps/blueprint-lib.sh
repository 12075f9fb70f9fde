# shellcheck shell=bash
# What the steps of a blueprint share. ADDONS: rows of `index type namespace release name`, `-` for none;
# FILES: rows of `index sha256 path`. The files came with the step: nothing is fetched here.

RENDERED=$PLINTH_RUN_DIR/rendered

# Rows of `resource.group namespace name` of all that the blueprint holds, `-` for no namespace.
remembered() {
  kube -n plinth-system get configmap blueprint-objects -o 'jsonpath={.data.objects}' --ignore-not-found
}

remember() {
  kube apply --server-side --field-manager=plinth --force-conflicts -f - >/dev/null <<YAML
apiVersion: v1
kind: ConfigMap
metadata:
  name: blueprint-objects
  namespace: plinth-system
data:
  objects: |
$(sed '/^$/d; s/^/    /' <<<"$1")
YAML
}

union() { printf '%s\n' "$@" | sed '/^$/d' | sort -u; }

# Renderers see no network: whatever they are given, they fetch nothing.
offline() { unshare --net -- "$@"; }

# Each add-on, by the real tools, into INDEX.namespaces.yaml, INDEX.crds.yaml and INDEX.objects.yaml.
render_addons() {
  local index type namespace release name of sum path dir
  (umask 077 && mkdir -p "$RENDERED")
  while read -r index type namespace release name; do
    [[ -n $index ]] || continue
    dir=$RENDERED/$index
    while read -r of sum path; do
      [[ $of == "$index" ]] || continue
      [[ -e $PLINTH_ARTIFACTS/$sum ]] ||
        fail ArtifactMissing "$path of add-on $name did not arrive" 'Retry: it is sent again.'
      mkdir -p "$(dirname "$dir/$path")"
      cp "$PLINTH_ARTIFACTS/$sum" "$dir/$path"
    done <<<"$FILES"
    if [[ $type == Helm ]]; then render_chart "$dir" "$release" "$namespace" "$name"; fi
    hint "The message above names what of add-on $name cannot be rendered."
    printf 'kubectl kustomize (add-on %s)\n' "$name" >"$PLINTH_RUN_DIR/command"
    offline kubectl kustomize "$dir" >"$RENDERED/$index.yaml" ||
      fail StepFailed "add-on $name cannot be rendered"
    split_objects "$index"
    rm -rf "$dir" "$RENDERED/$index.yaml"
  done <<<"$ADDONS"
}

# kustomize writes top-level keys at the line's start and nothing else: its output splits by lines.
split_objects() {
  awk -v out="$RENDERED/$1" '
    function flush() {
      if (kind != "") {
        file = kind == "Namespace" && api == "v1" ? "namespaces" : kind == "CustomResourceDefinition" ? "crds" : "objects"
        printf "---\n%s", text >(out "." file ".yaml")
      }
      text = kind = api = ""
    }
    /^---/ { flush(); next }
    /^kind: / { kind = $2 }
    /^apiVersion: / { api = $2 }
    { text = text $0 "\n" }
    END { flush() }
  ' "$RENDERED/$1.yaml"
}

# A kubeconfig of which objects without a namespace go to this one; those that name another keep theirs.
kubeconfig_in() {
  local namespace=${1/#-/default} file
  file=$PLINTH_RUN_DIR/kubeconfig-$namespace
  if [[ ! -e $file ]]; then
    (umask 077 && cp "$ADMIN" "$file")
    kubectl --kubeconfig "$file" config set-context --current "--namespace=$namespace" >/dev/null
  fi
  printf '%s' "$file"
}

# in_addon NAMESPACE WORDS…: kubectl for an add-on's objects.
in_addon() {
  local kubeconfig
  kubeconfig=$(kubeconfig_in "$1")
  shift
  kubectl --kubeconfig "$kubeconfig" --request-timeout=60s "$@"
}

apply_in() { in_addon "$1" apply --server-side --field-manager=plinth --force-conflicts -f "$2" "${@:3}"; }

ROW='{{define "row"}}{{.apiVersion}} {{.kind}} {{with .metadata.namespace}}{{.}}{{else}}-{{end}} {{.metadata.name}}{{"\n"}}{{end}}'
ROW+='{{if .items}}{{range .items}}{{template "row" .}}{{end}}{{else}}{{template "row" .}}{{end}}'

# rows_in NAMESPACE FILE: what the API server would make of the file, object by object; it says what it does not accept.
rows_in() {
  apply_in "$1" "$2" --dry-run=server -o "go-template=$ROW" |
    awk '{ n = index($1, "/"); print tolower($2) (n ? "." substr($1, 1, n - 1) : ""), $3, $4 }'
}

# of_addons PART FUNCTION: FUNCTION NAMESPACE FILE NAME for each add-on that has objects of the part.
of_addons() {
  local index namespace name
  while read -r index _ namespace _ name; do
    [[ -n $index && -e $RENDERED/$index.$1.yaml ]] || continue
    "$2" "$namespace" "$RENDERED/$index.$1.yaml" "$name" </dev/null
  done <<<"$ADDONS"
}

# The namespaces that add-ons name for their objects.
named_namespaces() { awk '$3 != "" && $3 != "-" { print $3 }' <<<"$ADDONS" | sort -u; }
