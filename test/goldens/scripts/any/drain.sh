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
# For the steps that take a node out through another control plane's machine. SUBJECT: the node.
export KUBECONFIG=/etc/kubernetes/admin.conf

kube() { kubectl --request-timeout=30s "$@"; }

# again CMD…: up to three times; the endpoint may just have lost the control plane that it asked.
again() {
  local tries
  for ((tries = 1; tries < 3; tries++)); do
    "$@" && return
    sleep 2
  done
  "$@"
}

# Whether the API server knows the node; not being able to ask is an error, never a no.
node_exists() {
  local found
  found=$(again kube get node "$SUBJECT" --ignore-not-found -o name) ||
    fail StepFailed 'the API server does not answer on this control plane' \
      'Choose a healthy control plane, or bring this one back.'
  [[ -n $found ]]
}

# shellcheck shell=bash
# A pod that is evicted leaves its services when the cluster's controllers say so, and it lives on for no longer than its
# grace. Controllers that are just being restarted, or elect another leader, say nothing for a quarter of a minute: what is
# drained then goes on getting requests after it is gone. So they are asked to do what they will have to do: make the
# EndpointSlice of a service, one that selects nothing and has no address.

PROBE_NAMESPACE=kube-system
PROBE=plinth-probe-$(printf '%s' "$SUBJECT" | sha256sum | cut -c 1-10)

probe_service() {
  printf '%s\n' "apiVersion: v1
kind: Service
metadata:
  name: $PROBE
  namespace: $PROBE_NAMESPACE
  labels: {app.kubernetes.io/managed-by: plinth}
spec:
  clusterIP: None
  selector: {plinth.io/probe: $PROBE}
  ports: [{port: 80}]"
}

# Whether there is a slice of this very service, not of one of its name before.
probe_answered() {
  kube -n "$PROBE_NAMESPACE" get endpointslices -l "kubernetes.io/service-name=$PROBE" \
    -o 'jsonpath={.items[*].metadata.ownerReferences[*].uid}' 2>/dev/null | grep -qF "$1"
}

end_probe() { kube -n "$PROBE_NAMESPACE" delete service "$PROBE" --ignore-not-found --wait=false >/dev/null 2>&1 || true; }

# endpoints_follow SECONDS: the controllers keep up; no when they do not within that time.
endpoints_follow() {
  local until=$((SECONDS + $1)) uid=
  end_probe
  while :; do
    [[ -n $uid ]] || uid=$(probe_service | kube create -f - -o 'jsonpath={.metadata.uid}' 2>/dev/null) || uid=
    if [[ -n $uid ]] && probe_answered "$uid"; then
      end_probe
      return 0
    fi
    ((SECONDS < until)) || break
    sleep 0.5
  done
  end_probe
  return 1
}

# shellcheck shell=bash
# Before a drain that is taken back: what a person had cordoned stays cordoned afterwards.

if node_exists && [[ $(again kube get node "$SUBJECT" -o 'jsonpath={.spec.unschedulable}') != true ]]; then
  again kube annotate node "$SUBJECT" --overwrite plinth.io/cordoned=true >/dev/null
fi

# shellcheck shell=bash
# Cordons the node and evicts its pods; disruption budgets are honoured, so this may end in a
# failure that names what blocks. DRAIN_SECONDS: how long it may take; ENDPOINTS_SECONDS: how long it waits for controllers that do
# not keep up, ENDPOINTS: `required` where it does not go on without them.

node_exists || skip "the cluster has no node $SUBJECT"

# budgets_over NAMESPACE/POD…: the disruption budgets that these pods of the node are under. kubectl drain names none.
budgets_over() {
  local namespace budget selector pods
  for namespace in $(printf '%s\n' "${@%%/*}" | sort -u); do
    while read -r budget selector; do
      # As it is described: these two are no label selectors.
      [[ $selector != '<unset>' ]] || continue
      pods=$(kube get pods -n "$namespace" -l "${selector#<none>}" --field-selector "spec.nodeName=$SUBJECT" \
        -o "jsonpath={range .items[*]}$namespace/{.metadata.name}{\"\\n\"}{end}")
      if grep -qxF "$pods" <<<"$(printf '%s\n' "$@")"; then printf '%s\n' "$namespace/$budget"; fi
    done < <(kube describe pdb -n "$namespace" --show-events=false |
      sed -n 's/^Name: *//p; s/^Selector: *//p' | paste -d ' ' - -)
  done
}

ready() { kube get node "$SUBJECT" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'; }

arguments=(--ignore-daemonsets --delete-emptydir-data "--timeout=${DRAIN_SECONDS}s")
# No kubelet there confirms a deletion: such pods go with the node's object.
[[ $(ready) == True ]] || arguments+=(--skip-wait-for-delete-timeout=1)

if ! endpoints_follow "$ENDPOINTS_SECONDS"; then
  [[ $ENDPOINTS != required ]] ||
    fail StepFailed "the cluster's controllers do not keep up: no EndpointSlice of a new service within $ENDPOINTS_SECONDS s" \
      'Pods that are evicted now would still get requests. See kubectl -n kube-system get pods -l component=kube-controller-manager, then retry.'
  note "the cluster's controllers do not keep up; going on"
fi

# It cordons before it evicts.
printf '%s\n' "kubectl drain $SUBJECT ${arguments[*]}" >"$PLINTH_RUN_DIR/command"
if ! kubectl drain "$SUBJECT" "${arguments[@]}" 2>&1 | tee "$PLINTH_RUN_DIR/drain"; then
  blocking=$(sed -n 's/.*error when evicting pods\/"\([^"]*\)" -n "\([^"]*\)".*/\2\/\1/p' "$PLINTH_RUN_DIR/drain" |
    sort -u | paste -s -d ' ')
  unmanaged=$(sed -n 's/.*declare no controller ([^)]*): *//p' "$PLINTH_RUN_DIR/drain" |
    sed 's/, cannot delete .*//; s/, continuing command.*//' | tail -n 1)
  result blocking "${blocking:-$unmanaged}"
  if [[ -n $blocking ]]; then
    # shellcheck disable=SC2086 # one word for each pod
    budgets=$(budgets_over $blocking | paste -s -d ' ') || budgets=
    fail StepFailed "the node $SUBJECT cannot be drained: a disruption budget keeps $blocking${budgets:+ (budget $budgets)}" \
      "Let the budget allow it (kubectl get pdb -A) or move $blocking, then retry."
  elif [[ -n $unmanaged ]]; then
    fail StepFailed "the node $SUBJECT cannot be drained: no controller would start these again: $unmanaged" \
      "Delete them yourself (kubectl delete pod), then retry."
  fi
  fail StepFailed "the node $SUBJECT is not drained within $DRAIN_SECONDS s" \
    "See which pods are left: kubectl get pods -A --field-selector spec.nodeName=$SUBJECT"
fi
note "$SUBJECT is drained"

# shellcheck shell=bash
# After a drain, before the node's object goes: what the pods had mounted is detached from it. Without the node nobody
# tells that it is unmounted, and its pods wait elsewhere for minutes; a disk that is still attached may be written to twice.
# VOLUMES_SECONDS: how long it waits.

# NAMESPACE/CLAIM of the pods that stay: those of daemon sets keep their volumes. A claim that is made with its pod is named
# after both.
claims_in_use() {
  local namespace pod claims ephemeral claim
  while IFS='|' read -r namespace pod claims ephemeral; do
    for claim in $claims; do printf '%s\n' "$namespace/$claim"; done
    for claim in $ephemeral; do printf '%s\n' "$namespace/$pod-$claim"; done
  done < <(again kube get pods -A --field-selector "spec.nodeName=$SUBJECT" -o \
    'jsonpath={range .items[*]}{.metadata.namespace}|{.metadata.name}|{.spec.volumes[*].persistentVolumeClaim.claimName}|{.spec.volumes[?(@.ephemeral)].name}{"\n"}{end}')
}

# attached: the names of the volumes that are attached to the node and that no pod there uses.
attached() {
  local all used volume claim
  all=$(again kube get volumeattachments -o \
    "jsonpath={range .items[?(@.spec.nodeName==\"$SUBJECT\")]}{.spec.source.persistentVolumeName}{\"\\n\"}{end}") || return
  [[ -n $all ]] || return 0
  used=$(claims_in_use)
  while read -r volume; do
    [[ -n $volume ]] || continue
    claim=$(kube get pv "$volume" --ignore-not-found -o 'jsonpath={.spec.claimRef.namespace}/{.spec.claimRef.name}')
    grep -qxF -- "${claim:-/}" <<<"$used" || printf '%s\n' "$volume"
  done <<<"$all"
}

# A kubelet that does not answer unmounts nothing: its volumes are taken from it by force once its pods are gone.
state=$(again ready) ||
  fail StepFailed 'the API server does not answer on this control plane' \
    'Choose a healthy control plane, or bring this one back.'
if [[ $state == True ]]; then
  deadline=$((SECONDS + VOLUMES_SECONDS))
  said=
  while :; do
    left=$(attached | paste -s -d ' ') ||
      fail StepFailed 'the API server does not tell which volumes are attached' \
        'Choose a healthy control plane, or bring this one back.'
    [[ -n $left ]] || break
    if ((SECONDS >= deadline)); then
      result blocking "$left"
      fail StepFailed "volumes are attached to the node $SUBJECT $VOLUMES_SECONDS s after it was drained: $left" \
        'See kubectl get volumeattachments and what their storage driver says, then retry.'
    fi
    [[ $said == "$left" ]] || note "waiting for volumes to be detached: $left"
    said=$left
    sleep 2
  done
fi
