# shellcheck shell=bash
# Packages on RHEL and its like.

package_installed() { rpm -q "$1" >/dev/null 2>&1; }

package_lock_holder() {
  local pid
  pid=$(cat /run/dnf.pid /var/run/yum.pid 2>/dev/null | head -n 1)
  if [[ -n $pid && -e /proc/$pid ]]; then
    printf '%s (pid %s)\n' "$(cat "/proc/$pid/comm" 2>/dev/null || echo '?')" "$pid"
  fi
}

wait_for_package_lock() {
  local holder tries
  for ((tries = 0; tries < 120; tries++)); do
    holder=$(package_lock_holder)
    [[ -n $holder ]] || return 0
    ((tries > 0)) || note "waiting for the package manager's lock, held by $holder"
    sleep 1
  done
  fail PackageLockHeld "the package manager's lock is held by $holder" \
    'Wait until it is done, or end it.'
}

install_package_files() {
  wait_for_package_lock
  run rpm -U --replacepkgs "$@"
}

install_packages() {
  wait_for_package_lock
  hint 'The machine needs its own package repositories (or a bundle: PLINTH_ARTIFACTS).'
  run dnf -q -y --setopt=install_weak_deps=False install "$@"
}

# dnf's versionlock is a plugin that may be missing; the exclusion in dnf.conf is always there.
hold_packages() {
  local file=/etc/dnf/dnf.conf
  [[ -e $file ]] || return 0
  grep -q '^exclude=.*# plinth' "$file" 2>/dev/null && return 0
  put_file "$file" 0644 < <(cat "$file" && printf 'excludepkgs=%s\n' "$(IFS=,; echo "$*")")
}
