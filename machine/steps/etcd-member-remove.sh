# shellcheck shell=bash
# Takes the etcd member of SUBJECT (peer address SUBJECT_IP) out, from this control plane's own
# member. Refused where the members that stay could then not agree.

# A member that never started has no name: then its peer address tells.
find_subject() {
  awk -v name="$SUBJECT" -v peer="https://$SUBJECT_IP:2380" '$2 == name || ($2 == "-" && $3 == peer) { print $1 }'
}

list=$(etcd_members_first)
printf '%s\n' "$list"
member=$(find_subject <<<"$list")
[[ -n $member ]] || skip "$SUBJECT has no etcd member"

rows=$(etcd_rows "$list" "$SUBJECT $SUBJECT_IP")
printf '%s\n' "$rows"
because=$(may_remove "$rows" "$SUBJECT")
case $because in
  '') ;;
  *'the only etcd member'*)
    fail QuorumRisk "$because" 'A cluster cannot lose its last control plane: delete the cluster, or add another one first.'
    ;;
  *'still joining'*) fail QuorumRisk "$because" 'Wait until it is promoted, or take it out first.' ;;
  *) fail QuorumRisk "$because" "$QUORUM_HINT" ;;
esac

run etcd_remove "$ETCD_HERE" "$member"
left=$(etcd_members_here)
[[ -z $(find_subject <<<"$left") ]] || fail StepFailed "etcd still lists the member of $SUBJECT"
result members "$(wc -l <<<"$left")"
