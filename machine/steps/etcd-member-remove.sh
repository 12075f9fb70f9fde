# shellcheck shell=bash
# Takes the etcd member of SUBJECT (peer address SUBJECT_IP) out, from this control plane's own
# member. Refused where the members that stay could then not agree.

container=$(ctr -n k8s.io containers ls -q 'labels."io.kubernetes.container.name"==etcd' |
  while read -r id; do
    ! ctr -n k8s.io tasks ls | grep -qE "^$id +[0-9]+ +RUNNING" || printf '%s\n' "$id"
  done | head -n 1)
[[ -n $container ]] || fail StepFailed 'etcd does not run on this control plane' \
  'Choose a healthy control plane, or bring this one back.'

etcdctl() {
  ctr -n k8s.io tasks exec --exec-id "plinth-$$-$RANDOM" "$container" etcdctl \
    --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt \
    --key=/etc/kubernetes/pki/etcd/server.key --command-timeout=10s "$@"
}

# id, status, name, peer addresses, client addresses, learner
members() { etcdctl --endpoints=https://127.0.0.1:2379 member list | sed 's/, /\t/g'; }

# A member that never started has no name: then its peer address tells.
find_subject() {
  awk -F '\t' -v name="$SUBJECT" -v peer="https://$SUBJECT_IP:2380" '$3 == name || ($3 == "" && $4 == peer) { print $1 }'
}

healthy() {
  etcdctl "--endpoints=$1" endpoint health >/dev/null 2>&1
}

list=$(members) || fail StepFailed 'etcd does not answer on this control plane' \
  'It may have lost its quorum: see the logs of the etcd pods.'
printf '%s\n' "$list"
member=$(find_subject <<<"$list")
[[ -n $member ]] || skip "$SUBJECT has no etcd member"

stay=0
live=0
learners=
is_learner=false
while IFS=$'\t' read -r id status name _ client learner; do
  if [[ $id == "$member" ]]; then
    is_learner=$learner
    continue
  elif [[ $learner == true ]]; then
    learners+="${learners:+ }${name:-$id}"
    continue
  fi
  stay=$((stay + 1))
  if [[ $status == started ]] && healthy "${client%%,*}"; then
    live=$((live + 1))
  else
    note "the member ${name:-$id} is not healthy"
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

run etcdctl --endpoints=https://127.0.0.1:2379 member remove "$member"
left=$(members)
[[ -z $(find_subject <<<"$left") ]] || fail StepFailed "etcd still lists the member of $SUBJECT"
result members "$(wc -l <<<"$left")"
