# The unit's own script: `main` runs a step's script and writes its result, `post` writes the result when
# main could not (killed, out of memory, timed out, stopped), `supervise` stands in for systemd.
verb=$1
dir=$2
run=${dir##*/}
tmp=$live/$run
state=$dir/state

declare -A meta=()
while read -r key value; do meta[$key]=$value; done <"$dir/meta"

# One line per fact; a value's newlines and backslashes are escaped, so that a line stays a line.
field() {
  local value=${2:0:65536}
  value=${value//\\/\\\\}
  value=${value//$'\r'/}
  printf '%s %s\n' "$1" "${value//$'\n'/\\n}"
}

field_of() { if [[ -s $tmp/$2 ]]; then field "$1" "$(<"$tmp/$2")"; fi; }

state_text() {
  local file
  now_ms
  printf 'outcome %s\nexit %s\nended %s\n' "$1" "$2" "$now"
  read -r started started_boot <"$dir/started"
  printf 'started %s\nboot %s\n' "$started" "$started_boot"
  field_of reason skip
  field_of command command
  field_of fail_code fail_code
  field_of hint hint
  for file in "$tmp"/results/*; do
    if [[ -f $file ]]; then field "result ${file##*/}" "$(<"$file")"; fi
  done
  printf 'size %s' "$(stat -c %s "$dir/out")"
}

# Atomic. On a full disk the state lives on tmpfs, and a link stands for it.
write_state() {
  local text
  text=$(state_text "$@")
  if printf '%s\n' "$text" >"$state.tmp" && mv -f "$state.tmp" "$state"; then return; fi
  rm -f "$state.tmp"
  printf '%s\n' "$text" >"$live/$run.state" && ln -sfn "$live/$run.state" "$state"
}

main() {
  local child code=0 group
  exec 9>"$tmp/alive"
  flock 9
  # Created only once, whatever starts this twice.
  now_ms
  (set -C && printf '%s %s\n' "$now" "$boot" >"$dir/started") 2>/dev/null || exit 0
  read -r _ _ _ _ group _ <"/proc/$$/stat"
  printf '%s\n' "$group" >"$tmp/group"
  exec </dev/null >>"$dir/out" 2>&1
  printf '\n' 1<>"$tmp/ready"
  export HOME=/root PLINTH_RUN_DIR=$tmp PLINTH_STATE=$disk PLINTH_ARTIFACTS=$disk/artifacts
  export PLINTH_CLUSTER_ID=${meta[cluster]}
  trap 'stopped=1; kill -TERM "$child" 2>/dev/null' TERM INT HUP
  stopped=0
  # shellcheck disable=SC2016 # expanded by the inner shell
  "$BASH" -c 'set -- "$1" "$2"; . "$1"; rm -f "$1"; set -- "$2"; . "$1"' "plinth-step" \
    "$tmp/params" "${meta[script_file]}" 9>&- &
  child=$!
  while
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null
  do :; done
  # Why it was stopped is known to `post` only: timeout, cancel, shutdown.
  ((stopped)) && exit 143
  trap '' TERM INT HUP
  if ((code == 0)); then
    if [[ -e $tmp/skip ]]; then write_state skipped 0; else write_state "done" 0; fi
  else
    write_state failed "$code"
  fi
  # Whoever follows wakes up here; the fsync is nobody's wait.
  exec 9>&-
  sync "$dir/out" "$state" "$dir" 2>/dev/null
  exit "$code"
}

give_up() {
  local outcome=$1 code=$2 message=$3
  [[ -s $tmp/hint ]] || printf '%s\n' "$message" >"$tmp/hint"
  printf '%s\n' "plinth: $message" >>"$dir/out"
  write_state "$outcome" "$code"
}

post() {
  local number
  if [[ -e $tmp/params ]]; then rm -f "$tmp/params"; fi
  if [[ ! -s $state ]]; then
    now_ms
    [[ -s $dir/started ]] || printf '%s %s\n' "$now" "$boot" >"$dir/started"
    if [[ -s $tmp/cancel ]]; then
      printf 'Cancelled\n' >"$tmp/fail_code"
      give_up failed 143 "stopped: $(<"$tmp/cancel")"
    elif [[ ${SERVICE_RESULT:-} == timeout ]]; then
      give_up failed 124 "it did not end within its ${meta[timeout]} seconds and was stopped"
    elif [[ ${SERVICE_RESULT:-} == oom-kill ]]; then
      give_up failed 137 'the kernel killed it: the machine ran out of memory'
    elif [[ ${EXIT_CODE:-} == killed || ${EXIT_CODE:-} == dumped ]]; then
      number=$(kill -l "${EXIT_STATUS:-KILL}" 2>/dev/null || echo 9)
      give_up failed $((128 + number)) "it was killed by signal ${EXIT_STATUS:-KILL} (out of memory, or a person)"
    else
      give_up unknown 143 'the machine stopped it (a shutdown, or systemctl stop): its result is not known'
    fi
    sync "$dir/out" "$state" "$dir" 2>/dev/null
  fi
  rm -rf "$tmp"
  prune
}

# Of more than 60 runs the newest 50 stay, with their output; older ones and scripts that nothing used for long go.
prune() {
  local base=${dir%/runs/*} name
  local -a left=("$live"/.in.*) all=("$base"/runs/*)
  # Parameters of launchers that were killed.
  if [[ -e ${left[0]} ]]; then find "$live" -maxdepth 1 -name '.in.*' -mmin +60 -delete; fi
  ((${#all[@]} > 60)) || return
  while IFS= read -r name; do
    alive "$name" || rm -rf "${base:?}/runs/$name"
  done < <(find "$base/runs" -mindepth 1 -maxdepth 1 -printf '%T@ %f\n' | sort -rn | tail -n +51 | cut -d' ' -f2)
  find "$base/scripts" -type f -mtime +60 -delete
}

supervise() {
  local code
  timeout -k 20 "${meta[timeout]}" "$BASH" "$0" main "$dir"
  code=$?
  EXIT_CODE=exited
  case $code in
    124) SERVICE_RESULT=timeout ;;
    137) EXIT_CODE=killed EXIT_STATUS=KILL ;;
  esac
  # Nothing of the run may go on once it counts as ended; systemd does this by cgroup.
  [[ -s $tmp/group ]] && kill -KILL -- "-$(<"$tmp/group")" 2>/dev/null
  post
}

"$verb"
