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
# When etcd may gain, lose or miss a member: the rules of core/quorum.ts, which says why, in the same words. A test
# holds the two to each other. ROWS are `name vote health`: voter or learner; healthy or silent. Each prints why not;
# nothing: it may.

# may_add ROWS JOINING
may_add() {
  local name vote health problems=
  while read -r name vote health; do
    [[ -n $name && $name != "$2" ]] || continue
    if [[ $vote == learner ]]; then
      problems+="; $name is still a learner"
    elif [[ $health != healthy ]]; then
      problems+="; $name does not answer"
    fi
  done <<<"$1"
  [[ -z $problems ]] || printf 'no etcd member may join now: %s' "${problems#; }"
}

# Of ROWS without NAME: counts of voters and of those that answer, and who does not; and the same with it.
count_voters() {
  local name vote health
  all=0 live_now=0 stay=0 live=0 silent='' learners='' has_vote=false
  while read -r name vote health; do
    [[ -n $name ]] || continue
    if [[ $vote == learner ]]; then
      learners+=", $name"
      continue
    fi
    all=$((all + 1))
    [[ $health != healthy ]] || live_now=$((live_now + 1))
    if [[ $name == "$2" ]]; then
      has_vote=true
      continue
    fi
    stay=$((stay + 1))
    if [[ $health == healthy ]]; then live=$((live + 1)); else silent+=", $name"; fi
  done <<<"$1"
  silent=${silent#, } learners=${learners#, }
}

# may_remove ROWS LEAVING
may_remove() {
  local all live_now stay live silent learners has_vote
  count_voters "$1" "$2"
  if [[ $has_vote != true ]]; then
    return
  elif ((stay == 0)); then
    printf '%s has the only etcd member' "$2"
  elif [[ -n $learners ]]; then
    printf 'a member is still joining: %s' "$learners"
  elif ((live < stay / 2 + 1)); then
    printf 'without %s only %s of the %s etcd members that stay answer, and %s must: %s does not' \
      "$2" "$live" "$stay" "$((stay / 2 + 1))" "$silent"
  elif ((live_now < all / 2 + 1)); then
    printf 'etcd has lost its quorum: %s of its %s members answer, and %s must' "$live_now" "$all" "$((all / 2 + 1))"
  fi
}

# removal_order ROWS NAMES: all of NAMES, one a line, those first that make room for the next; 1 and why not.
removal_order() {
  local rows=$1 name vote health because ranked
  ranked=$(while read -r name; do
    [[ -n $name ]] || continue
    read -r vote health < <(awk -v name="$name" '$1 == name { print $2, $3 }' <<<"$rows") || vote=none
    case $vote-$health in
      learner-*) printf '1 %s\n' "$name" ;;
      voter-healthy) printf '3 %s\n' "$name" ;;
      voter-*) printf '2 %s\n' "$name" ;;
      *) printf '0 %s\n' "$name" ;;
    esac
  done <<<"$2" | sort -s -n -k 1,1 | cut -d ' ' -f 2)
  while read -r name; do
    [[ -n $name ]] || continue
    because=$(may_remove "$rows" "$name")
    if [[ -n $because ]]; then
      printf '%s' "$because"
      return 1
    fi
    rows=$(awk -v name="$name" '$1 != name' <<<"$rows")
  done <<<"$ranked"
  printf '%s' "$ranked"
}

# may_restart ROWS RESTARTING WANTED
may_restart() {
  local all live_now stay live silent learners has_vote
  count_voters "$1" "$2"
  if [[ $has_vote == true ]] && ((all == 2 && ${3:-0} > 2)); then
    printf 'while %s restarts only 1 of the 2 etcd members answers, and 2 must: the cluster is to have %s of them first' \
      "$2" "$3"
    return
  fi
  [[ -z $silent ]] || ((live >= all / 2 + 1)) ||
    printf 'while %s restarts only %s of the %s etcd members answer, and %s must: %s does not' \
      "$2" "$live" "$all" "$((all / 2 + 1))" "$silent"
}

# shellcheck shell=bash
# A node joins by the CA's hash and a token of its own. What has joined this very cluster is kept; only
# what the cluster itself does not know, or what never got whole, is taken back and joined again.

own_ca() { [[ -e /etc/kubernetes/pki/ca.crt && $(ca_cert_hash) == "$CA_CERT_HASH" ]]; }

# Asked through the endpoint: a control plane's kubelet.conf names its own API server, which may be down.
as_node() {
  kubectl --kubeconfig /etc/kubernetes/kubelet.conf --server "$ENDPOINT" --request-timeout=10s "$@"
}

# membership: yes, no, or unknown where nobody could be asked. A no is only what the API server says, or
# what no credentials of this cluster could be asked with.
membership() {
  local answer
  if ! own_ca || [[ ! -e /etc/kubernetes/kubelet.conf ]] ||
    { grep -q kubelet-client-current.pem /etc/kubernetes/kubelet.conf &&
      [[ ! -e /var/lib/kubelet/pki/kubelet-client-current.pem ]]; }; then
    printf 'no'
  elif answer=$(as_node get node "$NODE_NAME" -o name 2>&1); then
    printf 'yes'
  elif [[ $answer == *'(NotFound)'* || $answer == *'(Unauthorized)'* ]]; then
    printf 'no'
  else
    printf 'unknown'
  fi
}

runs() {
  systemctl is-active --quiet kubelet.service || return 1
  [[ $CONTROL_PLANE == true ]] || return 0
  [[ -e /etc/kubernetes/manifests/kube-apiserver.yaml && -e $ADMIN ]] &&
    [[ $(kube --server "https://$PRIVATE_IP:6443" get --raw /readyz 2>/dev/null) == ok ]]
}

# wait_until_joined SECONDS: leaves what was said last in `member`.
wait_until_joined() {
  local until=$((SECONDS + $1))
  while
    member=$(membership)
    [[ $member != yes ]] || ! runs
  do
    [[ $member != no && $SECONDS -lt $until ]] || return 1
    sleep 0.5
  done
}

# The cluster would go on counting a member whose data is gone: it goes first, or nothing goes.
leave_etcd() {
  local address list id because
  if [[ $CONTROL_PLANE != true || ! -e $ETCD_PKI/server.key ]] || ! own_ca; then return 0; fi
  for address in $OTHERS; do
    list=$(etcd_members "https://$address:2379") || continue
    id=$(awk -v peer="https://$PRIVATE_IP:2380" '$3 == peer { print $1 }' <<<"$list")
    [[ -n $id ]] || return 0
    because=$(may_remove "$(etcd_rows "$list" "$NODE_NAME $PRIVATE_IP")" "$NODE_NAME")
    [[ -z $because ]] || fail QuorumRisk "an earlier attempt's etcd member has to go, and cannot: $because" "$QUORUM_HINT"
    note "taking the etcd member of an earlier attempt out, through $address"
    ! run etcd_remove "https://$address:2379" "$id" || return 0
  done
  fail QuorumRisk "no other control plane takes this machine's etcd member out, so its data stays" \
    'Bring the other control planes back, then retry.'
}

# kubeadm refuses to join under a name that is Ready.
forget_node() {
  [[ $CONTROL_PLANE == true && -e $ADMIN ]] || return 0
  kube --server "$ENDPOINT" delete node "$NODE_NAME" --ignore-not-found || true
}

# Killed just before kubeadm's last phase.
mark_control_plane() {
  [[ $CONTROL_PLANE == true ]] || return 0
  [[ $(as_node get node "$NODE_NAME" -o 'jsonpath={.metadata.labels}') != *node-role.kubernetes.io/control-plane* ]] || return 0
  run kubeadm join phase control-plane-join mark-control-plane --config "$config"
}

where_to_look() {
  if [[ $EXTERNAL == true ]]; then
    printf 'Does the load balancer %s answer on this machine, and forward to control planes that are up?' "${ENDPOINT#https://}"
  else
    printf 'Can this machine reach the control planes on port 6443? systemctl status plinth-api-endpoint.'
  fi
}

keep_or_take_back() {
  local patience=60
  systemctl start kubelet.service 2>/dev/null || true
  # Static pods after a reboot; an etcd member that catches up.
  [[ $CONTROL_PLANE != true ]] || patience=240
  if wait_until_joined "$patience"; then
    mark_control_plane
    mark_complete
    skip 'the node has joined this cluster'
  fi
  if was_complete || [[ $member == yes && $CONTROL_PLANE != true ]]; then
    kubelet_lines 25
    fail StepFailed 'this node has joined, but does not run, or the API server does not know it or does not answer' \
      'Its data is kept. Are the control planes up? If the node was deleted from the cluster by hand, take it out of the spec, apply, and add it again.'
  fi
  [[ $member != unknown ]] ||
    fail StepFailed 'this machine has credentials of the cluster, but the API server cannot be asked about it' \
      "$(where_to_look) It is not reset as long as that is not known."
  leave_etcd
  [[ $member != yes ]] || forget_node
  reset_half_state
}

# kubeadm asks once in five seconds whether its token has been signed, which is a moment's matter on a control plane
# that has just come up. Only a wait: what it trusts, kubeadm verifies itself.
wait_for_signature() {
  local until=$((SECONDS + $1)) signed=jws-kubeconfig-$TOKEN_ID
  until curl -fsSk --noproxy '*' --max-time 3 "$ENDPOINT/api/v1/namespaces/kube-public/configmaps/cluster-info" \
    2>/dev/null | grep -q "\"$signed\""; do
    ((SECONDS < until)) || return 0
    sleep 0.1
  done
}

config=$(secret_file join.yaml <<<"$CONFIG")
! half_way || keep_or_take_back
hint "kubeadm says above what is wrong. $(where_to_look)"
wait_for_signature 20
[[ $CONTROL_PLANE != true ]] || record_path /var/lib/etcd
if ! run kubeadm join --config "$config"; then
  kubelet_lines 25
  [[ $EXTERNAL != true ]] || api_answers "$ENDPOINT" ||
    fail StepFailed "the load balancer ${ENDPOINT#https://} does not answer on this machine" \
      'Is there a firewall in between, and are control planes in its pool? Mend it, then retry.'
  fail StepFailed 'kubeadm join failed' \
    'The lines above say in which phase. The network between the machines, a clock or a port that is taken are the usual causes. Mend it, then retry.'
fi
rm -f "$config"
until=$((SECONDS + 60))
until wait_until_joined 60; do
  if ((SECONDS >= until)); then
    kubelet_lines 25
    fail StepFailed 'kubeadm join ended well, but the API server does not know the node' \
      "kubelet's last lines are above."
  fi
  sleep 0.5
done
mark_complete
