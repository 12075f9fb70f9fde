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
