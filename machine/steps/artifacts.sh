# shellcheck shell=bash
# The files were sent and verified before this runs; where machines fetch for themselves, the steps that need them do.
note 'every file of the bundle that this machine needs is there'
