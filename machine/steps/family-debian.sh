# shellcheck shell=bash
# Packages on Debian and Ubuntu.

package_installed() {
  # A held package says hi, an installed one ii.
  # shellcheck disable=SC2016 # dpkg's own variable
  [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ?i* ]]
}

# Who holds dpkg's lock, if anyone: the file's inode in /proc/locks names the process.
package_lock_holder() {
  local file inode pid
  for file in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock; do
    [[ -e $file ]] || continue
    inode=$(stat -c %i "$file")
    pid=$(awk -v inode=":$inode\$" '$6 ~ inode { print $5; exit }' /proc/locks)
    [[ -z $pid ]] || { printf '%s (pid %s)\n' "$(cat "/proc/$pid/comm" 2>/dev/null || echo '?')" "$pid"; return; }
  done
}

# Waits up to two minutes for whoever works on packages.
wait_for_package_lock() {
  local holder tries
  for ((tries = 0; tries < 120; tries++)); do
    holder=$(package_lock_holder)
    [[ -n $holder ]] || return 0
    ((tries > 0)) || note "waiting for dpkg's lock, held by $holder"
    sleep 1
  done
  fail PackageLockHeld "dpkg's lock is held by $holder" \
    "Wait until it is done, or end it; unattended-upgrades can be paused by systemctl stop unattended-upgrades."
}

# Services of fresh packages must not start by themselves: a policy of ours says no while we install.
forbid_starts() {
  record_path /usr/sbin/policy-rc.d
  put_file /usr/sbin/policy-rc.d 0755 <<'POLICY'
#!/bin/sh
# plinth: no service starts while packages are being installed
exit 101
POLICY
}

allow_starts() {
  local original
  original=$PLINTH_BEFORE/paths/$(plinth_path_key /usr/sbin/policy-rc.d).orig
  if [[ -e $original ]]; then cp -a "$original" /usr/sbin/policy-rc.d; else rm -f /usr/sbin/policy-rc.d; fi
}

install_package_files() {
  local output
  wait_for_package_lock
  forbid_starts
  trap allow_starts EXIT
  export DEBIAN_FRONTEND=noninteractive
  printf '+ dpkg --install (%s files)\n' "$#"
  printf 'dpkg --install\n' >"$PLINTH_RUN_DIR/command"
  if ! output=$(dpkg --force-confold --install "$@" 2>&1); then
    printf '%s\n' "$output"
    [[ $output != *'is locked'* && $output != *'frontend lock'* ]] ||
      fail PackageLockHeld "dpkg's lock is held by $(package_lock_holder)"
    fail StepFailed 'dpkg cannot install the packages' \
      'Look at the lines above; dpkg --configure -a on the machine may mend a half-done installation.'
  fi
  printf '%s\n' "$output" | grep -E '^Setting up' || true
  allow_starts
}

# From the machine's own repositories.
install_packages() {
  wait_for_package_lock
  forbid_starts
  trap allow_starts EXIT
  export DEBIAN_FRONTEND=noninteractive
  hint 'The machine needs its own package repositories (or a bundle: PLINTH_ARTIFACTS).'
  run apt-get -q -o DPkg::Lock::Timeout=120 update
  run apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold \
    --no-install-recommends install "$@"
  allow_starts
}

# An upgrade of the machine must not change the runtime under a cluster.
hold_packages() { apt-mark hold "$@" >/dev/null; }
