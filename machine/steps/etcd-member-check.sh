# shellcheck shell=bash
# Before anything is done about the nodes that are to leave: whether all of them can without etcd losing its quorum, and
# in which order. LEAVING: rows of `hostname privateIP`; those without a member come first in it.

list=$(etcd_members_first)
rows=$(etcd_rows "$list" "$LEAVING")
printf '%s\n' "$rows"
if ! order=$(removal_order "$rows" "$(cut -d ' ' -f 1 <<<"$LEAVING")"); then
  if [[ $order == *'the only etcd member'* ]]; then
    fail QuorumRisk "$order" 'A cluster cannot lose its last control plane: delete the cluster, or add another one first.'
  fi
  fail QuorumRisk "$order; nothing was changed" "$QUORUM_HINT"
fi
result order "$order"
