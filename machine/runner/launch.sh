# Starts a run, or attaches to it, or adopts the same work of an earlier run. The request comes on
# stdin: `key value` lines up to an empty one, then the parameters' bytes. Answers go to stderr, each
# line led by the request's nonce; stdout carries nothing but the nonce line and the run's output.
declare -A q=()
while IFS= read -r line && [[ -n $line ]]; do q[${line%% *}]=${line#* }; done
nonce=${q[nonce]}
run=${q[run]}
base=$disk
# Work that needs no owner (facts, release) must leave nothing on the disk of a machine that is not ours.
[[ ${q[owned]} == 1 ]] || base=$live

say() { printf '%s %s\n' "$nonce" "$*" >&2; }
refuse() {
  say refuse "$*"
  exit 0
}

no_room() { refuse "StepFailed cannot write to $base: $(df -Ph "$base" | tail -n 1)"; }

incoming=$live/.in.$$
[[ -d $live ]] || mkdir -p "$live" || refuse "StepFailed cannot write $live"
# bash takes them a byte at a time: for what is large, a process that does not is worth its start.
params=
large=$((q[params] > 8192))
if ((large)); then
  trap 'rm -f "$incoming"' EXIT
  head -c "${q[params]}" >"$incoming"
  [[ $(stat -c %s "$incoming") == "${q[params]}" ]] || exit 0
elif ((q[params] > 0)); then
  IFS= read -rN "${q[params]}" params && ((${#params} == q[params])) || exit 0
fi

# Sets owner to the machine's owner file, empty when there is none; refuses a machine of another cluster.
check_owner() {
  owner=
  [[ -s $disk/owner ]] && IFS= read -r owner <"$disk/owner"
  if [[ -n $owner && $owner != *"\"clusterId\":\"${q[cluster]}\""* ]]; then
    [[ ${q[mode]} == observe ]] || refuse "ForeignCluster $owner"
  elif [[ -z $owner && ${q[owned]} == 1 && ${q[step]} != claim ]]; then
    refuse 'NotClaimed'
  fi
}

# A script travels once per content: asked for only when the machine lacks it.
fetch_script() {
  local sha=$1 size file=$base/scripts/$1.sh
  [[ -s $file ]] && return
  say need "$sha"
  IFS= read -r size || exit 0
  head -c "$size" >"$incoming.script"
  if [[ $(sha256sum <"$incoming.script") != "$sha "* ]]; then
    rm -f "$incoming.script"
    refuse 'StepFailed the script arrived damaged'
  fi
  { mv -f "$incoming.script" "$file.$$" && mv -f "$file.$$" "$file"; } || no_room
}

# True when whoever asked is gone (its end of stdin is closed): then nothing may be started any more.
orphaned() {
  IFS= read -r -t 0.001 _
  (($? == 1))
}

# Makes room among the machine's live runs before this one starts. One that does the same work is adopted:
# run_dir and adopted are set. Within a taskset, help for other nodes runs beside; everything else is stopped.
make_room() {
  local lock other
  adopted=
  [[ ${q[mode]} != observe ]] || return
  for lock in "$live"/*/alive; do
    other=${lock%/alive}
    other=${other##*/}
    if [[ $other == "$run" ]] || ! find_run "$other" || ! alive "$other"; then continue; fi
    declare -A meta=()
    while read -r key value; do meta[$key]=$value; done <"$run_dir/meta"
    [[ ${meta[mode]} != observe ]] || continue
    [[ ${meta[cluster]} == "${q[cluster]}" ]] || refuse 'Busy a run of another cluster still works on this machine'
    if [[ ${meta[step]} == "${q[step]}" && ${meta[script]} == "${q[script]}" && ${meta[hash]} == "${q[hash]}" ]]; then
      adopted=$run_dir
    elif [[ ${meta[taskset]} != "${q[taskset]}" || ${meta[mode]}${q[mode]} == exclusiveexclusive ]]; then
      say stopping "$other"
      stop_run "$other" "run $run of this machine took its place"
    fi
  done
}

start() {
  local dir=$base/runs/$run script=$base/scripts/${q[script]}.sh wrapper=$base/scripts/${q[wrapper]}.sh
  if [[ -e $dir || -L $dir || -e $live/$run ]]; then rm -rf "$dir" "${live:?}/$run"; fi
  mkdir -p "$dir" "$live/$run/results" || no_room
  {
    printf '%s\n' "cluster ${q[cluster]}" "taskset ${q[taskset]}" "mode ${q[mode]}" "step ${q[step]}" \
      "script ${q[script]}" "hash ${q[hash]}" "timeout ${q[timeout]}" "script_file $script" >"$dir/meta" &&
      : >"$dir/out"
  } || no_room
  if ((large)); then
    mv -f "$incoming" "$live/$run/params"
  else
    printf '%s' "$params" >"$live/$run/params"
  fi || refuse "StepFailed cannot write $live"
  # Opened before the start, so that the wrapper's word cannot be missed.
  mkfifo "$live/$run/ready" && exec 6<>"$live/$run/ready"
  if has_systemd; then
    systemd-run --quiet --no-block --collect --unit="plinth-$run" \
      --description="plinth: ${q[step]} (${q[taskset]})" \
      -p KillMode=control-group -p TimeoutStopSec=20 -p "RuntimeMaxSec=${q[timeout]}" \
      -p "ExecStopPost=$BASH $wrapper post $dir" \
      "$BASH" "$wrapper" main "$dir" 2>"$live/$run/error" ||
      systemctl --quiet is-active "plinth-$run" ||
      refuse "StepFailed systemd-run: $(tail -n 1 "$live/$run/error")"
  else
    hash setsid
    env -i "${BASH_CMDS[setsid]}" "$BASH" "$wrapper" supervise "$dir" \
      </dev/null >/dev/null 2>&1 6>&- 8>&- &
  fi
  wait_ready "$dir"
}

# Until the wrapper holds the run's lock; the machine's lock is held meanwhile, so that nobody sees it half-started.
wait_ready() {
  local tries=0
  until IFS= read -r -t 1 -u 6 _ || [[ -s $1/started ]] || ((++tries > 30)); do :; done
  exec 6<&-
  [[ -s $1/started ]] || refuse "StepFailed the unit did not start within 30 s; disk: $(df -Ph "$1" | tail -n 1)"
}

# Writes the state of a run whose wrapper could not.
write_for() {
  mkdir -p "$live/${run_dir##*/}"
  EXIT_CODE=$1 EXIT_STATUS=KILL "$BASH" "$base/scripts/${q[wrapper]}.sh" post "$run_dir"
}

unit_busy() {
  has_systemd || return
  case $(systemctl is-active "plinth-${run_dir##*/}.service") in
    active | activating | deactivating) return 0 ;;
  esac
  return 1
}

# The wrapper is dead: `post` writes the state at once, or after what the script left behind was stopped.
settle() {
  local tries=0 started_boot
  read -r _ started_boot <"$run_dir/started"
  # Over a reboot nobody knows how it ended.
  if [[ ! -s $run_dir/state && $started_boot != "$boot" ]]; then write_for exited; fi
  until [[ -s $run_dir/state ]]; do
    sleep 0.02
    ((++tries % 50 == 0 && tries >= 150)) || continue
    unit_busy || write_for killed
    ((tries < 3000)) || no_room
  done
}

# How this call comes to its run: started, attached or adopted. Held under the machine's lock.
decide() {
  # The machine may have been given back meanwhile, and our files with it: asked again, we begin anew.
  exec 8>"$live/lock" || exit 0
  flock -w 120 8 || refuse 'Busy another start on this machine takes longer than 120 s'
  orphaned && exit 0
  [[ -s $base/scripts/${q[wrapper]}.sh && -s $base/scripts/${q[script]}.sh ]] || exit 0
  check_owner
  if [[ -z $owner && ${q[owned]} == 1 ]]; then
    { printf '%s\n' "${q[owner]}" >"$disk/owner.tmp" && sync "$disk/owner.tmp" &&
      mv -f "$disk/owner.tmp" "$disk/owner"; } || no_room
  fi
  how=attached
  if find_run "$run" && { [[ -s $run_dir/started ]] || alive "${run_dir##*/}"; }; then
    if [[ ! -s $run_dir/state ]] && ! alive "${run_dir##*/}"; then settle; fi
  else
    make_room
    if [[ -n $adopted ]]; then
      run_dir=$adopted
      ln -sfn "${run_dir##*/}" "$base/runs/$run"
    else
      how=started
      start
      find_run "$run"
    fi
  fi
  exec 8>&-
}

check_owner
[[ -d $base/runs && -d $base/scripts ]] || mkdir -p "$base/runs" "$base/scripts" || no_room
fetch_script "${q[wrapper]}"
fetch_script "${q[script]}"
# Their age is that of their last use: old ones are removed. Nobody waits for it.
touch -c "$base/scripts/${q[wrapper]}.sh" "$base/scripts/${q[script]}.sh" &
decide
