# Stops a run if it lives. The request is one line: the run's id.
IFS= read -r run
find_run "$run" || exit 0
exec 8>"$live/lock"
flock -w 120 8 || exit 75
if alive "${run_dir##*/}"; then stop_run "${run_dir##*/}" 'cancelled'; fi
! alive "${run_dir##*/}"
