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
# The certificates that kubeadm made on this control plane. Not among them: the authorities, which last ten years, and
# those of the kubelet, which it renews by itself.

CERTIFICATES=(apiserver apiserver-etcd-client apiserver-kubelet-client front-proxy-client etcd/server etcd/peer
  etcd/healthcheck-client admin.conf controller-manager.conf scheduler.conf super-admin.conf)

certificate_file() {
  case $1 in
    *.conf) printf '/etc/kubernetes/%s' "$1" ;;
    *) printf '/etc/kubernetes/pki/%s.crt' "$1" ;;
  esac
}

# certificate_of NAME: as PEM; of a kubeconfig that of its user.
certificate_of() {
  case $1 in
    *.conf) sed -n 's/^ *client-certificate-data: *//p' "$(certificate_file "$1")" | base64 -d ;;
    *) cat "$(certificate_file "$1")" ;;
  esac
}

# The first certificate on stdin, as `END SERIAL`: END in seconds since 1970.
describe_certificate() {
  local text end
  text=$(openssl x509 -noout -enddate -serial 2>/dev/null) || return 1
  end=$(date -u -d "$(sed -n 's/^notAfter=//p' <<<"$text")" +%s) || return 1
  printf '%s %s' "$end" "$(sed -n 's/^serial=//p' <<<"$text")"
}

# Rows of `END SERIAL NAME` of those that are there: super-admin.conf is only where the cluster was initialised.
certificate_rows() {
  local name what
  for name in "${CERTIFICATES[@]}"; do
    [[ -s $(certificate_file "$name") ]] || continue
    # A person's own way to log in has no certificate to be renewed.
    [[ $name != *.conf ]] || grep -q client-certificate-data "$(certificate_file "$name")" || continue
    what=$(certificate_of "$name" | describe_certificate) || what="0 unreadable"
    printf '%s %s\n' "$what" "$name"
  done
}

# served_certificate ADDRESS WORDS…: what is served there now, as `END SERIAL`. SERVED_SECONDS: how long it is waited for.
served_certificate() {
  local address=$1
  shift
  timeout "${SERVED_SECONDS:-10}" openssl s_client -connect "$address" "$@" </dev/null 2>/dev/null | describe_certificate
}

# tell_expiry ROWS: the first that ends, as results.
tell_expiry() {
  local end name
  read -r end _ name < <(sort -s -n -k 1,1 <<<"$1")
  [[ -n $name ]] || return 0
  result certificatesExpireAt "$(date -u -d "@$end" +%Y-%m-%dT%H:%M:%SZ)"
  result certificatesFirst "$name"
}

# shellcheck shell=bash
# The parts of a control plane, each a static pod of one container. NODE_NAME is a parameter.

# etcd first.
# shellcheck disable=SC2034 # used by what follows this text
PARTS=(etcd kube-apiserver kube-controller-manager kube-scheduler)

# running_with FILTER: the id of a container with these labels that runs; nothing: none does.
running_with() {
  local ids
  ids=$(ctr -n k8s.io containers ls -q "$1" 2>/dev/null) || return 0
  ctr -n k8s.io tasks ls 2>/dev/null | awk -v ids="${ids//$'\n'/ }" '
    BEGIN { n = split(ids, id); for (i = 1; i <= n; i++) known[id[i]] = 1 }
    ($1 in known) && $3 == "RUNNING" { print $1; exit }' || true
}

# running PART: whichever pod it is of.
running() { running_with "labels.\"io.kubernetes.pod.name\"==$1-$NODE_NAME,labels.\"io.cri-containerd.kind\"==container"; }

# running_as PART UID: of that very pod.
running_as() { running_with "labels.\"io.kubernetes.pod.uid\"==$2,labels.\"io.kubernetes.container.name\"==$1"; }

# shellcheck shell=bash
# What of the control plane still has the certificates of before the renewal RENEWAL.

RENEWAL_NOTES=$PLINTH_STATE/renewal
# With etcd's certificates: what a handshake with it needs.
# shellcheck disable=SC2034
ETCD_CLIENT=(-cert /etc/kubernetes/pki/etcd/server.crt -key /etc/kubernetes/pki/etcd/server.key)

renewal_noted() { [[ $(cat "$RENEWAL_NOTES/id" 2>/dev/null) == "$RENEWAL" ]]; }

# After the renewal: one that starts in between has the new ones, and is started once more. The id comes last.
note_renewal() {
  local part
  rm -rf "$RENEWAL_NOTES"
  mkdir -p "$RENEWAL_NOTES"
  for part in "${PARTS[@]}"; do running "$part" >"$RENEWAL_NOTES/$part"; done
  printf '%s\n' "$RENEWAL" >"$RENEWAL_NOTES/id.new"
  sync "$RENEWAL_NOTES"/*
  mv -f "$RENEWAL_NOTES/id.new" "$RENEWAL_NOTES/id"
}

# noted PART: the id of its container from before the renewal.
noted() { cat "$RENEWAL_NOTES/$1" 2>/dev/null || true; }

# is_old PART: what runs is what ran before the renewal.
is_old() {
  local before
  before=$(noted "$1")
  [[ -n $before && $(running "$1") == "$before" ]]
}

# serves_renewed NAME ADDRESS WORDS…: ADDRESS serves the certificate NAME as it is on disk; `served` is what it serves.
serves_renewed() {
  local name=$1
  shift
  served=$(served_certificate "$@") || served='0 none'
  [[ $(certificate_of "$name" | describe_certificate) == "$served" ]]
}

# flag PART NAME DEFAULT: what its manifest gives it.
flag() {
  local value
  value=$(sed -n "s/^ *- --$2=//p" "/etc/kubernetes/manifests/$1.yaml" 2>/dev/null | head -n 1)
  printf '%s' "${value:-$3}"
}

# Of the two that nobody else calls: where they say how they are.
own_health() {
  local address port
  address=$(flag "$1" bind-address 127.0.0.1)
  port=$(flag "$1" secure-port "$2")
  case $address in
    0.0.0.0 | ::) address=127.0.0.1 ;;
    *:*) address="[$address]" ;;
  esac
  [[ $(curl -fsSk --noproxy '*' --connect-timeout 3 --max-time 10 "https://$address:$port/healthz" 2>/dev/null) == ok ]]
}

part_healthy() {
  case $1 in
    etcd) etcd_healthy "$ETCD_HERE" ;;
    kube-apiserver) [[ $(kube --server "https://$API_SERVER" get --raw /readyz 2>/dev/null) == ok ]] ;;
    kube-controller-manager) own_health "$1" 10257 ;;
    kube-scheduler) own_health "$1" 10259 ;;
  esac
}

# shellcheck shell=bash
# What is served is what was renewed, and what was renewed is accepted: asked of the live control plane. API_SERVER,
# ETCD_PEER: this one's own `address:port`.

wrong=()

# same NAME ADDRESS WORDS…: NAME is what ADDRESS serves.
same() {
  local served
  if serves_renewed "$@"; then
    note "$2 serves $1: serial ${served#* }, until $(date -u -d "@${served% *}" +%Y-%m-%dT%H:%M:%SZ)"
  else
    wrong+=("$2 does not serve the renewed $1")
  fi
}

same apiserver "$API_SERVER"
same etcd/server 127.0.0.1:2379 "${ETCD_CLIENT[@]}"
same etcd/peer "$ETCD_PEER" "${ETCD_CLIENT[@]}"
for conf in admin.conf controller-manager.conf scheduler.conf; do
  answer=$(kubectl --kubeconfig "/etc/kubernetes/$conf" --server "https://$API_SERVER" --request-timeout=20s \
    get --raw /readyz 2>&1) || true
  [[ $answer == ok ]] || wrong+=("the API server does not accept $conf")
done
# Of etcd that was asked above: it goes on with what is on disk.
for part in "${PARTS[@]:1}"; do
  if is_old "$part"; then wrong+=("$part runs with the certificates of before"); fi
done
((${#wrong[@]} == 0)) || fail StepFailed "$(printf '%s; ' "${wrong[@]}")" \
  'Retry: what runs with old certificates is started anew. kubeadm certs check-expiration tells what the files say.'
