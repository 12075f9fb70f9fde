# Sends the run's output from where the caller wants it, and its state the moment it has ended.
# The end is the kernel's word: the wrapper's lock is free. No polling.
report() {
  local line
  while IFS= read -r line; do say state "$line"; done <"$run_dir/state"
  say end
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
