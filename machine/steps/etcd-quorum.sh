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
