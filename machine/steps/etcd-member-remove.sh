# shellcheck shell=bash
# Takes the etcd member of SUBJECT (peer address SUBJECT_IP) out, from this control plane's own
# member. Refused where the members that stay could then not agree.

# Rows of `id name peer client learner`. A leader is elected within seconds.
members() {
  local tries
  for ((tries = 1; tries < 6; tries++)); do
    etcd_members https://127.0.0.1:2379 && return
    sleep 1
  done
  return 1
}

# A member that never started has no name: then its peer address tells.
find_subject() {
  awk -v name="$SUBJECT" -v peer="https://$SUBJECT_IP:2380" '$2 == name || ($2 == "-" && $3 == peer) { print $1 }'
}

list=$(members) || fail StepFailed 'etcd does not answer on this control plane' \
  'Choose a healthy control plane, or bring this one back; etcd may have lost its quorum: see the logs of the etcd pods.'
printf '%s\n' "$list"
member=$(find_subject <<<"$list")
[[ -n $member ]] || skip "$SUBJECT has no etcd member"

stay=0
live=0
learners=
is_learner=false
while read -r id name _ client learner; do
  if [[ $id == "$member" ]]; then
    is_learner=$learner
    continue
  elif [[ $learner == true ]]; then
    learners+="${learners:+ }$name"
    continue
  fi
  stay=$((stay + 1))
  if [[ $name != - ]] && etcd_healthy "$client"; then
    live=$((live + 1))
  else
    note "the member $name is not healthy"
  fi
done <<<"$list"

# A learner has no vote: taking it out changes no quorum.
if [[ $is_learner != true ]]; then
  ((stay > 0)) || fail QuorumRisk "$SUBJECT has the only etcd member" \
    'A cluster cannot lose its last control plane: delete the cluster, or add another one first.'
  [[ -z $learners ]] || fail QuorumRisk "a member is still joining: $learners" \
    'Wait until it is promoted, or take it out first.'
  ((live >= stay / 2 + 1)) || fail QuorumRisk \
    "only $live of the $stay etcd members that stay are healthy; $((stay / 2 + 1)) must be" \
    'Bring the other control planes back first.'
fi

run etcd_remove https://127.0.0.1:2379 "$member"
left=$(members)
[[ -z $(find_subject <<<"$left") ]] || fail StepFailed "etcd still lists the member of $SUBJECT"
result members "$(wc -l <<<"$left")"
