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
# On the restored control plane, once: the snapshot knows nodes as they were. OTHERS: control planes, which join anew
# under their names; KEEP: the nodes that stay. What nobody answers for any more goes, too. TURN: the restore's turn.

PRUNED=$PLINTH_STATE/restore-pruned

if [[ $(cat "$PRUNED" 2>/dev/null) == "$TURN" ]]; then skip 'it was done by this restore'; fi
hint 'Does the API server answer on this control plane? kubectl get --raw /readyz?verbose tells.'

leases() { kube -n kube-node-lease get lease -o 'jsonpath={range .items[*]}{.metadata.name} {.spec.renewTime}{"\n"}{end}'; }

for name in $OTHERS; do run kube delete node "$name" --ignore-not-found --timeout=60s; done
unknown=()
nodes=$(kube get nodes -o 'jsonpath={.items[*].metadata.name}')
for name in $nodes; do
  [[ " $KEEP $OTHERS " == *" $name "* ]] || unknown+=("$name")
done
if ((${#unknown[@]})); then
  before=$(leases)
  note "not in the spec: ${unknown[*]}; waiting whether they report"
  sleep "$PATIENCE"
  after=$(leases)
  for name in "${unknown[@]}"; do
    if [[ $(grep -F "$name " <<<"$after") == $(grep -F "$name " <<<"$before") ]]; then
      run kube delete node "$name" --ignore-not-found --timeout=60s
    else
      note "$name reports, so it stays"
    fi
  done
fi
printf '%s\n' "$TURN" >"$PRUNED"
