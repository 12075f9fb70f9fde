# shellcheck shell=bash
# Shared by everything the runner executes on a machine: where things are, and how runs are found.
# What must outlive a reboot is on disk; what dies with the boot (liveness, parameters) is on tmpfs.
set -u
umask 077
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
disk=/var/lib/plinth
live=/run/plinth
# No process is started where bash can do it: there are hundreds of runs on a machine's way, and a start is a millisecond.
# shellcheck disable=SC2034 # used by what follows this text
IFS= read -r boot </proc/sys/kernel/random/boot_id

# Sets now to the milliseconds since the epoch.
now_ms() {
  now=${EPOCHREALTIME:-}
  now=${now//[!0-9]/}
  if [[ -n $now ]]; then now=${now%???}; else now=$(date +%s%3N); fi
}

has_systemd() { [[ -d /run/systemd/system ]] && command -v systemd-run >/dev/null; }

# True while the run's wrapper lives: it holds this lock until its last breath, however it dies.
alive() {
  local lock=$live/$1/alive fd
  [[ -e $lock ]] || return 1
  exec {fd}<"$lock" || return 1
  if flock -n -s "$fd"; then
    exec {fd}<&-
    return 1
  fi
  exec {fd}<&-
}

# Sets run_dir to the directory of a run (an adopted run is a link to the one it stands for).
find_run() {
  local at
  for at in "$disk/runs/$1" "$live/runs/$1"; do
    if [[ -d $at ]]; then
      # shellcheck disable=SC2034
      if [[ -L $at ]]; then run_dir=$(readlink -f "$at"); else run_dir=$at; fi
      return 0
    fi
  done
  return 1
}

# Stops a live run and everything it started, and waits: TERM, KILL after 20 s.
stop_run() {
  local run=$1 why=$2 group fd
  printf '%s\n' "$why" >"$live/$run/cancel"
  if has_systemd && systemctl stop "plinth-$run.service" 2>/dev/null; then return; fi
  group=$(<"$live/$run/group") || return
  ((group > 1)) || return
  exec {fd}<"$live/$run/alive"
  kill -TERM -- "-$group" 2>/dev/null
  flock -w 20 -s "$fd" || :
  kill -KILL -- "-$group" 2>/dev/null
  flock -w 10 -s "$fd" || :
  exec {fd}<&-
}
