# Sends the run's output from where the caller wants it, and its state the moment it has ended.
# The end is the kernel's word: the wrapper's lock is free. No polling.
report() {
  local line well=0
  while IFS= read -r line; do
    say state "$line"
    [[ $line != 'outcome done' && $line != 'outcome skipped' ]] || well=1
  done <"$run_dir/state"
  if ((q[last] && well)); then leave; fi
  say end
}

# The machine was given back: what the runner keeps of the run that did it goes as well. Whoever loses us before the end
# was told asks for the same again, of a machine where there is nothing.
leave() {
  local tries=0 other
  # The run's wrapper has its files there to its last breath.
  until [[ ! -e $live/${run_dir##*/} ]] || ((++tries > 250)); do sleep 0.02; done
  exec 8>"$live/lock"
  # Somebody else may have claimed it meanwhile, or look at it.
  if ! flock -w 10 8 || [[ -s $disk/owner ]]; then return; fi
  for other in "$live"/*/; do
    other=${other%/}
    if alive "${other##*/}"; then return; fi
  done
  if has_systemd; then systemctl reset-failed 'plinth-*' 2>/dev/null; fi
  # Where it is a mount point it stays, empty.
  rm -rf "$live" "$disk" 2>/dev/null
}

# Some output before the wanted offset goes along, for the last lines of a failure.
from=$((q[from] > 8192 ? q[from] - 8192 : 0))
printf '%s %s\n' "$nonce" "$from"
say run "$how" "${run_dir##*/}" "$boot"
if [[ -s $run_dir/state ]] || ! exec 7<"$live/${run_dir##*/}/alive"; then
  settle
  tail -c "+$((from + 1))" "$run_dir/out"
  report
  exit 0
fi
# A background command's stdin is /dev/null unless it is given another one.
exec 3<&0
tail -c "+$((from + 1))" -s 0.1 -f "$run_dir/out" &
tail=$!
flock -s 7 &
ended=$!
# The caller writes a line now and then; silence or the end of its stdin means that it is gone.
{
  while IFS= read -r -t 60 _; do :; done
  kill "$tail" "$ended"
} <&3 2>/dev/null &
caller=$!
if wait "$ended"; then
  settle
  report
fi
wait "$caller" "$tail" 2>/dev/null
