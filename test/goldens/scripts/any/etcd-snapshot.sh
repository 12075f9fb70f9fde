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
# etcd's members, asked over its own HTTP API with the certificates that kubeadm made: needs no
# container on this machine, so it works while etcd itself does not run here.

ETCD_PKI=/etc/kubernetes/pki/etcd

etcd_call() {
  curl -fsS --noproxy '*' --connect-timeout 3 --max-time 10 --cacert "$ETCD_PKI/ca.crt" \
    --cert "$ETCD_PKI/server.crt" --key "$ETCD_PKI/server.key" "$@"
}

# etcd_members URL: rows of `id name peer client learner`, `-` for what a member does not have. A member
# that never started has no name.
etcd_members() {
  local answer
  answer=$(etcd_call --data '{}' "$1/v3/cluster/member/list") || return 1
  sed 's/.*"members": *\[//; s/}, *{/}\n{/g' <<<"$answer" | awk '
    function field(key, bracket,    text) {
      if (!match($0, "\"" key "\": *" bracket "\"[^\"]*\"")) return "-"
      text = substr($0, RSTART, RLENGTH - 1)
      sub(/.*"/, "", text)
      return text == "" ? "-" : text
    }
    /"ID"/ {
      print field("ID", ""), field("name", ""), field("peerURLs", "\\["), field("clientURLs", "\\["),
        ($0 ~ /"isLearner": *true/ ? "true" : "false")
    }'
}

etcd_healthy() { [[ $(etcd_call "$1/health" 2>/dev/null) == *'"health":"true"'* ]]; }

# etcd itself refuses what would cost it its quorum.
etcd_remove() { etcd_call --data "{\"ID\":\"$2\"}" "$1/v3/cluster/member/remove" >/dev/null; }

# etcd_rows MEMBERS KNOWN: rows of `name vote health`, as etcd-quorum.sh takes them. KNOWN: rows of `hostname address`,
# for members that never started.
etcd_rows() {
  local name peer client learner vote health
  while read -r _ name peer client learner; do
    [[ -n $peer ]] || continue
    vote=voter
    [[ $learner != true ]] || vote=learner
    health=silent
    if [[ $name == - ]]; then
      name=${peer#*://}
      name=${name%:*}
      name=$(awk -v address="$name" '$2 == address { found = $1 } END { print found == "" ? address : found }' <<<"$2")
    elif etcd_healthy "$client"; then
      health=healthy
    fi
    printf '%s %s %s\n' "$name" "$vote" "$health"
  done <<<"$1"
}

# Members as this control plane's own etcd has them, and what a person does where they may not change.
ETCD_HERE=https://127.0.0.1:2379
# shellcheck disable=SC2034
QUORUM_HINT='Bring the control planes back that do not answer (ctr -n k8s.io tasks ls, journalctl -u kubelet on them), or take a dead one out of the spec first; then apply again.'

ETCD_SILENT='etcd does not answer on this control plane'
ETCD_SILENT_HINT='Choose a healthy control plane, or bring this one back; etcd may have lost its quorum: see the logs of the etcd pods.'

# A leader is elected within seconds.
etcd_try() {
  local tries
  for ((tries = 1; tries < 6; tries++)); do
    etcd_members "$ETCD_HERE" && return
    sleep 1
  done
  return 1
}

etcd_members_here() { etcd_try || fail StepFailed "$ETCD_SILENT" "$ETCD_SILENT_HINT"; }

# Before anything is done: another control plane's etcd may be asked, and nothing is changed where none answers.
etcd_members_first() {
  etcd_try && return
  result elsewhere etcd
  fail QuorumRisk "$ETCD_SILENT" "$ETCD_SILENT_HINT"
}

# shellcheck shell=bash
# etcd's own snapshot of itself, over its HTTP API.

# What etcd sends ends with the sum of all before it.
whole() {
  local size sum
  size=$(stat -c %s "$1") && ((size > 32)) || return 1
  sum=$(tail -c 32 "$1" | od -An -v -tx1 | tr -d ' \n')
  [[ $(head -c "$((size - 32))" "$1" | sha256sum) == "$sum "* ]]
}

# take_snapshot FILE
take_snapshot() {
  hint 'Is etcd healthy on this control plane, and is there room on the disk of /var/lib/plinth?'
  printf 'curl https://127.0.0.1:2379/v3/maintenance/snapshot\n' >"$PLINTH_RUN_DIR/command"
  # One object a line, each with a piece of the file.
  (
    umask 077
    etcd_call --max-time 600 --no-buffer --data '{}' https://127.0.0.1:2379/v3/maintenance/snapshot |
      sed -n 's/.*"blob": *"\([^"]*\)".*/\1/p' | while read -r piece; do base64 -d <<<"$piece"; done >"$1.new"
  )
  whole "$1.new" || fail StepFailed 'the snapshot of etcd is not whole' \
    'Is etcd healthy on this control plane? Retry: it is taken anew.'
  sync "$1.new"
  mv -f "$1.new" "$1"
}

# shellcheck shell=bash
# A snapshot of etcd on this control plane's disk, by its own HTTP API. LABEL: part of the file's name; KEEP: how many
# stay. A snapshot that is whole under its final name is kept.

FOLDER=$PLINTH_STATE/etcd-snapshots
file=$FOLDER/$LABEL.db

mkdir -p "$FOLDER"
chmod 700 "$FOLDER"
if [[ -s $file ]] && whole "$file"; then skip "the snapshot $file is there"; fi
take_snapshot "$file"
while IFS= read -r old; do rm -f "$FOLDER/$old"; done < <(
  find "$FOLDER" -maxdepth 1 -name '*.db' -printf '%T@ %f\n' | sort -rn | tail -n "+$((KEEP + 1))" | cut -d ' ' -f 2
)
note "$file: $(stat -c %s "$file") bytes"
result snapshot "$file"
