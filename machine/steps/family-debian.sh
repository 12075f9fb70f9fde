# shellcheck shell=bash
# Packages on Debian and Ubuntu.

package_installed() {
  # A held package says hi, an installed one ii.
  # shellcheck disable=SC2016 # dpkg's own variable
  [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ?i* ]]
}

# Waits up to two minutes for whoever works on packages.
wait_for_package_lock() {
  local holder tries
  for ((tries = 0; tries < 120; tries++)); do
    holder=$(dpkg_lock_holder)
    [[ -n $holder ]] || return 0
    ((tries > 0)) || note "waiting for dpkg's lock, held by $holder"
    sleep 1
  done
  fail PackageLockHeld "dpkg's lock is held by $holder" \
    "Wait until it is done, or end it; unattended-upgrades can be paused by systemctl stop unattended-upgrades."
}

POLICY=/usr/sbin/policy-rc.d

# Services of fresh packages must not start by themselves: a policy of ours says no while we install.
forbid_starts() {
  put_file "$POLICY" 0755 <<'TEXT'
#!/bin/sh
# plinth: no service starts while packages are being installed
exit 101
TEXT
}

# Also after a run that was killed: without it no service of the machine would ever start again.
allow_starts() { restore_path "$POLICY"; }

is_whole() { [[ -z $(dpkg --audit) && -z $(find /var/lib/dpkg/updates -type f) ]]; }

# What a killed installation of ours left half-done.
mend_packages() {
  [[ -e $PLINTH_BEFORE/paths/$(plinth_path_key "$POLICY") ]] || return 0
  ! is_whole || return 0
  wait_for_package_lock
  note 'an installation on this machine was broken off: finishing it first'
  forbid_starts
  # Packages whose files are not all there yet are installed anew after this.
  DEBIAN_FRONTEND=noninteractive dpkg --force-confold --configure -a ||
    note 'dpkg --configure -a did not end well; going on'
}

# However the installation ends, but for a kill.
installation_over() {
  allow_starts
  is_whole || broken_off
  end_installation
}

# `files`, and `names` of their packages, are those of packages.sh.
install_package_files() {
  local output
  wait_for_package_lock
  forbid_starts
  trap installation_over EXIT
  export DEBIAN_FRONTEND=noninteractive
  printf '+ dpkg --install (%s files)\n' "${#files[@]}"
  printf 'dpkg --install\n' >"$PLINTH_RUN_DIR/command"
  begin_installation < <(printf '%s\n' "${names[@]}")
  if ! output=$(dpkg --force-confold --install "${files[@]}" 2>&1); then
    printf '%s\n' "$output"
    [[ $output != *'is locked'* && $output != *'frontend lock'* ]] ||
      fail PackageLockHeld "dpkg's lock is held by $(dpkg_lock_holder)"
    fail StepFailed 'dpkg cannot install the packages' \
      'Look at the lines above; dpkg --configure -a on the machine may mend a half-done installation.'
  fi
  printf '%s\n' "$output" | grep -E '^Setting up' || true
  end_installation
  allow_starts
}

# From the machine's own repositories.
install_packages() {
  local how=(--no-install-recommends --no-remove) names
  wait_for_package_lock
  forbid_starts
  trap installation_over EXIT
  export DEBIAN_FRONTEND=noninteractive
  hint 'The machine needs its own package repositories (or a bundle: PLINTH_ARTIFACTS).'
  record_path /var/lib/apt/lists
  record_path /var/log/apt
  run apt-get -q -o DPkg::Lock::Timeout=120 update
  wait_for_package_lock
  # With what they bring along. What is wrong with it the installation itself will tell.
  names=$(LC_ALL=C apt-get -q -s "${how[@]}" install "$@" | awk '$1 == "Inst" { print $2 }') || names=''
  begin_installation < <(printf '%s\n' "$@" "$names")
  # Rather than take a package of its owner's away it fails, and says so.
  run apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold "${how[@]}" install "$@"
  end_installation
  allow_starts
}

# An upgrade of the machine must not change the runtime under a cluster.
HELD=(containerd runc)

hold_packages() { apt-mark hold "${HELD[@]}" >/dev/null; }

packages_held() {
  local name
  for name in "${HELD[@]}"; do
    # shellcheck disable=SC2016 # dpkg's own variable
    [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null) == h* ]] || return 1
  done
}
