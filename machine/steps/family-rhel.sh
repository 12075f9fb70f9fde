# shellcheck shell=bash
# Packages on RHEL and its like.

# By what it provides: iptables is iptables-nft on one release and iptables-legacy on another.
package_installed() { rpm -q --whatprovides "$1" >/dev/null 2>&1; }

package_lock_holder() {
  local pid
  pid=$(cat /run/dnf.pid /var/run/yum.pid /var/lib/dnf/rpmdb_lock.pid /var/cache/dnf/*_lock.pid 2>/dev/null | head -n 1)
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

# Fresh packages start nothing by themselves here, and rpm's own transactions are whole or not.
allow_starts() { :; }
mend_packages() { :; }

# `files`, and `names` of their packages, are those of packages.sh.
install_package_files() {
  wait_for_package_lock
  trap end_installation EXIT
  begin_installation < <(printf '%s\n' "${names[@]}")
  run rpm -U --replacepkgs "${files[@]}"
  end_installation
}

# REPOSITORY: the definition of the one that has containerd, which these systems' own do not have.
install_packages() {
  wait_for_package_lock
  hint 'The machine needs its own package repositories (or a bundle: PLINTH_ARTIFACTS).'
  put_file /etc/yum.repos.d/plinth.repo 0644 <<<"$REPOSITORY"
  local insecure=()
  [[ $SKIP_VERIFY != true ]] || insecure=(--setopt=sslverify=False)
  trap end_installation EXIT
  begin_installation < <(printf '%s\n' "$@")
  run dnf -q -y --setopt=install_weak_deps=False "${insecure[@]}" --enablerepo=plinth-containerd install "$@"
  end_installation
}

# An upgrade of the machine must not change the runtime under a cluster. dnf's versionlock is a plugin
# that may be missing; an exclusion in dnf.conf always works.
EXCLUSION='excludepkgs=containerd.io'

packages_held() { [[ ! -e /etc/dnf/dnf.conf ]] || grep -qE '^excludepkgs *=(.*[ ,])? *containerd\.io([ ,]|$)' /etc/dnf/dnf.conf; }

hold_packages() {
  packages_held || put_file /etc/dnf/dnf.conf 0644 < <(cat /etc/dnf/dnf.conf && printf '# plinth\n%s\n' "$EXCLUSION")
}
