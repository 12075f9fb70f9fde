# shellcheck shell=bash
# First part of every step's script. The runner's wrapper has set the step's parameters as shell
# variables and exported PLINTH_RUN_DIR, PLINTH_STATE, PLINTH_ARTIFACTS and PLINTH_CLUSTER_ID.
set -Eeuo pipefail
umask 022

PLINTH_BEFORE=$PLINTH_STATE/before
# Set to 1 by put_file when it wrote: tells a step whether a unit needs a restart.
# shellcheck disable=SC2034
CHANGED=0

# The unexpanded text of what failed, so that no parameter's value gets into a report.
plinth_on_error() {
  local code=$1 text=$2
  case $text in
    *'"$@"'* | *'run '*) ;; # `run` has written the command with its arguments
    *) printf '%s\n' "$text" >"$PLINTH_RUN_DIR/command" ;;
  esac
  [[ $BASH_SUBSHELL -gt 0 ]] || printf 'failed with exit code %s: %s\n' "$code" "$text" >&2
}
trap 'plinth_on_error "$?" "$BASH_COMMAND"' ERR

have() { command -v "$1" >/dev/null 2>&1; }

# Its packages are dpkg's. Another system may have dpkg as well, as a tool.
is_debian() { [[ -e /etc/debian_version ]]; }

note() { printf '%s\n' "$*"; }

# run CMD…: names the command in the report if it fails. No secrets in its arguments.
run() {
  printf '%s\n' "$*" >"$PLINTH_RUN_DIR/command"
  printf '+ %s\n' "$*"
  "$@"
}

# result KEY VALUE
result() {
  mkdir -p "$PLINTH_RUN_DIR/results"
  printf '%s' "$2" >"$PLINTH_RUN_DIR/results/$1"
}

# skip REASON: the step's check found everything done.
skip() {
  note "skipped: $1"
  printf '%s\n' "$1" >"$PLINTH_RUN_DIR/skip"
  exit 0
}

# hint TEXT: what a person should do about whatever fails next.
hint() { printf '%s\n' "$1" >"$PLINTH_RUN_DIR/hint"; }

# fail CODE MESSAGE [HINT]: CODE is one of core/errors.ts.
fail() {
  printf '%s\n' "$1" >"$PLINTH_RUN_DIR/fail_code"
  [[ -z ${3-} ]] || hint "$3"
  printf '%s\n' "$2" >&2
  exit 1
}

# ---- what was there before: one record for each thing, made once, before the first change ----
# before/paths/KEY     kind (absent, made, file, symlink, dir) and the path; KEY.orig: the original,
#                      KEY.list, KEY.mode: of a directory everything below it (NUL-separated), and its mode
# before/sysctls/KEY   value          before/units/UNIT   "<is-enabled> <is-active>"
# And what we made of it, which tells whether somebody has changed it since:
# before/written/KEY   the sum of what put_file wrote            before/sysctls-set/KEY   value

# A record counts only when its file has its final name: a kill in between leaves it to be made anew.
# It is on disk before what it is about changes, unless PLINTH_BATCH says that many come at once and
# whoever makes them does that.
plinth_record() {
  local file=$1 text=$2
  printf '%s\n' "$text" >"$file.tmp"
  [[ -n ${PLINTH_BATCH-} ]] || sync "$file.tmp" 2>/dev/null || true
  mv -f "$file.tmp" "$file"
}

plinth_path_key() {
  local key=${1//%/%25}
  printf '%s' "${key//\//%2F}"
}

plinth_record_as() {
  local path=$1 absent=$2 file kind
  [[ -d $PLINTH_BEFORE/paths ]] || mkdir -p "$PLINTH_BEFORE/paths"
  file=$PLINTH_BEFORE/paths/$(plinth_path_key "$path")
  [[ ! -e $file ]] || return 0
  rm -rf "$file.orig" "$file.list" "$file.mode"
  if [[ -L $path ]]; then
    kind=symlink
    cp -a "$path" "$file.orig"
  elif [[ -d $path ]]; then
    kind=dir
    find "$path" -xdev -mindepth 1 -printf '%P\0' >"$file.list"
    stat -c '%a %u:%g' "$path" >"$file.mode"
  elif [[ -e $path ]]; then
    kind='file'
    cp -a "$path" "$file.orig"
  else
    kind=$absent
  fi
  plinth_record "$file" "$kind $path"
}

# record_path PATH: call it before PATH is created or changed. What was absent is removed whole by
# `restore`; of a directory that was there, only what is new in it.
record_path() { plinth_record_as "${1%/}" absent; }

# Directories put_file has to make: removed again only when nothing is left in them.
plinth_make_parents() {
  local dir=$1 missing=() i
  while [[ ! -d $dir ]]; do
    missing+=("$dir")
    dir=$(dirname "$dir")
  done
  for ((i = ${#missing[@]} - 1; i >= 0; i--)); do
    plinth_record_as "${missing[i]}" made
    mkdir -m 0755 "${missing[i]}"
  done
}

# files_of UNIT: what put_file changes from here on, UNIT has to take up. That it must is noted before
# the change, so a kill before the restart is not forgotten; `changes_taken UNIT` says that it did.
files_of() { PLINTH_READER=$1; }
changes_pending() { [[ -e $PLINTH_STATE/pending/$1 ]]; }
changes_taken() { rm -f "$PLINTH_STATE/pending/$1"; }

plinth_mark_pending() {
  [[ -n ${PLINTH_READER-} ]] || return 0
  mkdir -p "$PLINTH_STATE/pending"
  : >"$PLINTH_STATE/pending/$PLINTH_READER"
}

# put_file PATH MODE <content: keeps the original the first time; writes atomically, only if different.
# Feed it by a redirection or a here-document: behind a pipe it could not set CHANGED.
put_file() {
  local path=$1 mode=$2 new
  # Beside the target for an atomic rename; a fixed name, so that a killed run leaves one at most.
  new=$path.plinth-new
  plinth_make_parents "$(dirname "$path")"
  plinth_record_as "$path" absent
  (umask 077 && cat >"$new")
  chmod "$mode" "$new"
  if [[ -f $path && ! -L $path ]]; then
    if cmp -s "$new" "$path" && [[ $(stat -c %a "$path") == "$(stat -c %a "$new")" ]]; then
      rm -f "$new"
      return 0
    fi
    chown --reference="$path" "$new"
  fi
  plinth_mark_pending
  [[ -d $PLINTH_BEFORE/written ]] || mkdir -p "$PLINTH_BEFORE/written"
  sha256sum <"$new" >"$PLINTH_BEFORE/written/$(plinth_path_key "$path")"
  # A file that is a mount point (/etc/hosts in some containers) cannot be renamed over.
  if ! mv -fT "$new" "$path" 2>/dev/null; then
    cat "$new" >"$path"
    chmod "$mode" "$path"
    rm -f "$new"
  fi
  if have restorecon; then restorecon "$path" 2>/dev/null || true; fi
  # shellcheck disable=SC2034
  CHANGED=1
}

# record_sysctl KEY (net.ipv4.ip_forward): a key that does not exist yet has nothing to restore.
record_sysctl() {
  local proc=/proc/sys/${1//.//} file=$PLINTH_BEFORE/sysctls/$1
  mkdir -p "$PLINTH_BEFORE/sysctls"
  [[ ! -e $file && -r $proc ]] || return 0
  plinth_record "$file" "$(cat "$proc")"
}

# record_unit UNIT (with its suffix): before it is enabled, disabled, started, stopped or masked.
record_unit() {
  local file=$PLINTH_BEFORE/units/$1 enabled active
  mkdir -p "$PLINTH_BEFORE/units"
  [[ ! -e $file ]] && have systemctl || return 0
  enabled=$(systemctl is-enabled "$1" 2>/dev/null | head -n 1 || true)
  active=$(systemctl is-active "$1" 2>/dev/null | head -n 1 || true)
  plinth_record "$file" "${enabled:-absent} ${active:-inactive}"
}

# shellcheck shell=bash
# What steps of kubeadm share. NODE_NAME, PRIVATE_IP and KUBERNETES_VERSION are parameters.

ADMIN=/etc/kubernetes/admin.conf

kube() { kubectl --kubeconfig "$ADMIN" --request-timeout=20s "$@"; }

# api_answers URL: an API server answers there, whichever.
api_answers() {
  curl -fsSk --noproxy '*' --connect-timeout 3 --max-time 10 "$1/version" 2>/dev/null | grep -q '"gitVersion"'
}

# The hash that joining nodes verify the cluster's CA by.
ca_cert_hash() {
  printf 'sha256:%s' "$(
    openssl x509 -pubkey -noout -in /etc/kubernetes/pki/ca.crt |
      openssl pkey -pubin -outform der | sha256sum | cut -d ' ' -f 1
  )"
}

kubelet_lines() {
  have journalctl || return 0
  note "--- kubelet's last lines"
  journalctl --no-pager -o cat -n "${1:-15}" -u kubelet.service 2>/dev/null || true
}

# Takes back what an earlier attempt of ours left on this machine, and nothing else.
reset_half_state() {
  note 'an earlier attempt left this machine half way: resetting it first'
  systemctl stop kubelet.service 2>/dev/null || true
  run timeout 180 kubeadm reset -f --skip-phases=remove-etcd-member \
    --cri-socket unix:///run/containerd/containerd.sock || note 'kubeadm reset did not end well; going on'
  local id
  for id in $(ctr -n k8s.io tasks ls -q 2>/dev/null); do
    ctr -n k8s.io tasks kill -s KILL "$id" >/dev/null 2>&1 || true
  done
  for id in $(ctr -n k8s.io containers ls -q 2>/dev/null); do
    ctr -n k8s.io tasks rm -f "$id" >/dev/null 2>&1 || true
    ctr -n k8s.io containers rm "$id" >/dev/null 2>&1 || true
  done
  # On a worker it is somebody else's, if it is there.
  [[ ! -e $PLINTH_BEFORE/paths/$(plinth_path_key /var/lib/etcd) ]] || find /var/lib/etcd -mindepth 1 -delete 2>/dev/null || true
  # A network's configuration from before would make the node Ready before there is a network.
  find /etc/cni/net.d -mindepth 1 -delete 2>/dev/null || true
  rm -rf /etc/kubernetes/manifests /etc/kubernetes/pki /etc/kubernetes/*.conf \
    /var/lib/kubelet/pki /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env \
    /var/lib/calico/nodename
}

half_way() {
  [[ -e /etc/kubernetes/kubelet.conf || -e /etc/kubernetes/bootstrap-kubelet.conf ||
    -e /etc/kubernetes/pki/ca.crt || -e /var/lib/kubelet/config.yaml ]] ||
    compgen -G '/etc/kubernetes/manifests/*.yaml' >/dev/null
}

# Set when kubeadm and everything after it ended well. From then on the machine holds state that is not ours to
# throw away: what does not answer is told to a person, never reset.
COMPLETE=/etc/kubernetes/plinth-complete

mark_complete() { printf '%s\n' "$PLINTH_CLUSTER_ID" >"$COMPLETE.new" && sync "$COMPLETE.new" && mv -f "$COMPLETE.new" "$COMPLETE"; }

was_complete() { [[ -e $COMPLETE ]]; }

# A file that holds secrets exists only while kubeadm reads it.
secret_file() {
  (umask 077 && cat >"$PLINTH_RUN_DIR/$1")
  printf '%s' "$PLINTH_RUN_DIR/$1"
}

# shellcheck shell=bash
# PROXY_ENVIRONMENT: rows of `NAME=value`. Whatever this script fetches goes through the spec's proxy.
while IFS= read -r setting; do
  [[ -z $setting ]] || export "${setting?}"
done <<<"$PROXY_ENVIRONMENT"

# shellcheck shell=bash
# bundle_file FILE: its content as it is meant; what the bundle compressed (zstd, by its magic number) is
# unpacked on the way.
bundle_file() {
  if [[ $(od -An -tx1 -N4 "$1" | tr -d ' \n') == 28b52ffd ]]; then
    zstd -dcq "$1"
  else
    cat "$1"
  fi
}

# lacks WHAT: a file that was thought to be there is not. The step ends, what it needs is sent, and it runs once more.
lacks() {
  result again "$1"
  fail ArtifactMissing "$1" 'Retry: it is sent again.'
}

# shellcheck shell=bash
# fetch URL NAME puts it into DOWNLOADS, verified by the sum that is published beside it. SKIP_VERIFY is a parameter.

# On the disk, not in memory: kubelet alone is 80 MB.
DOWNLOADS=$PLINTH_STATE/downloads

insecure=()
if [[ $SKIP_VERIFY == true ]]; then
  note 'certificates are not checked here: proxy.allowInsecureBootstrap'
  insecure=(--insecure)
fi

fetch() {
  local wanted file=$DOWNLOADS/$2
  mkdir -p "$DOWNLOADS"
  hint "Can the machine reach $1? A proxy or a mirror can be set."
  run curl -fsSL --retry 3 --connect-timeout 10 "${insecure[@]}" -o "$file" "$1"
  wanted=$(curl -fsSL --retry 3 --connect-timeout 10 "${insecure[@]}" "$1.sha256")
  [[ $(sha256sum "$file" | cut -d ' ' -f 1) == "${wanted%% *}" ]] ||
    fail ArtifactCorrupt "$1 does not have the sum that is published beside it" 'Retry; if it stays, the mirror is broken.'
}

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
