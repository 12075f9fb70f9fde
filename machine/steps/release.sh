# shellcheck shell=bash
# Gives the machine back. The owner file goes last: killed before that, the machine is still ours
# and the delete can go on. This run's own files are on tmpfs and go with the final cleanup.
if [[ -d $PLINTH_STATE ]]; then
  [[ -e $PLINTH_STATE/restored || ! -e $PLINTH_STATE/before/claimed ]] ||
    fail StepFailed 'the machine is not restored yet' 'Delete goes on with the step restore.'
  find "$PLINTH_STATE" -mindepth 1 -maxdepth 1 ! -name owner ! -name restored -exec rm -rf {} +
  rm -rf "$PLINTH_STATE"
fi
note 'the machine is released'
