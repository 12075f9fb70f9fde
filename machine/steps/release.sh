# shellcheck shell=bash
# Gives the machine back. The owner file goes last: killed before that, the machine is still ours
# and the delete can go on. This run's own files are on tmpfs: the runner takes them away.
if [[ -d $PLINTH_STATE ]]; then
  [[ -e $PLINTH_STATE/restored || ! -e $PLINTH_STATE/before/claimed ]] ||
    fail StepFailed 'the machine is not restored yet' 'Delete goes on with the step restore.'
  find "$PLINTH_STATE" -mindepth 1 -maxdepth 1 ! -name owner ! -name restored -exec rm -rf {} +
  rm -f "$PLINTH_STATE/restored" "$PLINTH_STATE/owner"
  # It stays, empty, where it is a mount point.
  rmdir "$PLINTH_STATE" 2>/dev/null || mountpoint -q "$PLINTH_STATE"
fi
note 'the machine is released'
