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
