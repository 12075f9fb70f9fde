# shellcheck shell=bash
# Which packages are there, and which of them came by an installation of ours. Whatever else came since
# the claim is its owner's.
# before/packages     all of them at the claim: name, version, state
# before/installed    names of those that we brought; machines that an older plinth claimed have none
# before/installing   names of what an installation of ours is to bring: it is at work, or was killed; and in
#                     before/installing.before what was there before it

# A kernel is what the machine boots, and a repository's key is no package: never ours, whenever they came.
NEVER_OURS='^(linux-|gpg-pubkey)|(^|-)kernel([-.]|$)'

list_packages() {
  if is_debian; then
    # shellcheck disable=SC2016 # dpkg's own variables
    dpkg-query -W -f '${binary:Package}\t${Version}\t${db:Status-Abbrev}\n'
  else
    rpm -qa --qf '%{NAME}.%{ARCH}\t%{VERSION}-%{RELEASE}\tii\n'
  fi | sort
}

# Names of such a list, without those of which dpkg knows but the settings that their removal has left.
names_of_installed() { awk -F '\t' '$3 !~ /^.[nc]/ { print $1 }' | sort -u; }

installed_packages() { list_packages | names_of_installed; }
installed_at_claim() { names_of_installed <"$PLINTH_BEFORE/packages"; }

# With the folders around them, which rpm does not name.
paths_of() {
  if is_debian; then
    dpkg-query -L "$@"
  else
    rpm -q -l "$@" | awk '{ do print; while (sub(/\/[^\/]*$/, "") && $0 != "") }' | sort -u
  fi
}

# hold_paths [PACKAGE…]: what these hold `restore_record` leaves. A repository's key is no package that could be asked.
hold_paths() {
  local packages=()
  mapfile -t packages < <(printf '%s\n' "$@" | sed '/^gpg-pubkey\./d; /^$/d')
  : >"$PLINTH_RUN_DIR/held"
  ((${#packages[@]} == 0)) || paths_of "${packages[@]}" >"$PLINTH_RUN_DIR/held"
}

# An installation or a removal was broken off: there may be files and folders of no package.
broken_off() { : >"$PLINTH_BEFORE/broken-off"; }

remember_packages() {
  [[ -e $PLINTH_BEFORE/installed ]] || return 0
  plinth_record "$PLINTH_BEFORE/installed" "$(sort -u - "$PLINTH_BEFORE/installed" | sed '/^$/d')"
}

# begin_installation <NAMES: right before the package manager is called, with the names of what it is to bring. Of
# these ours is what is there after it and was not before, also where a kill comes between them. Others may be at
# work meanwhile: the package manager waits for its lock, and who was killed comes back a day later.
begin_installation() {
  local before names
  [[ -e $PLINTH_BEFORE/installed ]] || return 0
  before=$(installed_packages)
  names=$(sort -u)
  plinth_record "$PLINTH_BEFORE/installing.before" "$before"
  plinth_record "$PLINTH_BEFORE/installing" "$names"
}

end_installation() {
  local record=$PLINTH_BEFORE/installing now
  [[ -e $record ]] || return 0
  # A record of another form names nothing.
  [[ -e $record.before ]] || { rm -f "$record" && return 0; }
  now=$(installed_packages)
  comm -13 "$record.before" <(printf '%s\n' "$now") | of_installation |
    { grep -vE "$NEVER_OURS" || true; } | remember_packages
  rm -f "$record" "$record.before"
}

# Of the packages on stdin, those that the installation has brought: for rpm all that came in one transaction.
of_installation() {
  local names transactions
  if is_debian; then
    awk -F : 'NR == FNR { named[$1]; next } $1 in named' "$PLINTH_BEFORE/installing" -
  else
    mapfile -t names <"$PLINTH_BEFORE/installing"
    transactions=$(rpm -q --whatprovides "${names[@]}" --qf '%{INSTALLTID}\n' 2>/dev/null || true)
    comm -12 - <(rpm -qa --qf '%{INSTALLTID}\t%{NAME}.%{ARCH}\n' |
      awk -F '\t' 'NR == FNR { ours[$1]; next } $1 in ours { print $2 }' <(printf '%s\n' "$transactions") - | sort -u)
  fi
}

# Of one that was killed.
take_up_installation() {
  [[ -e $PLINTH_BEFORE/installing ]] || return 0
  broken_off
  end_installation
}

# Who holds dpkg's lock, if anyone: the file's inode in /proc/locks names the process.
dpkg_lock_holder() {
  local file inode pid
  for file in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock; do
    [[ -e $file ]] || continue
    inode=$(stat -c %i "$file")
    pid=$(awk -v inode=":$inode\$" '$6 ~ inode { print $5; exit }' /proc/locks)
    [[ -z $pid ]] || { printf '%s (pid %s)\n' "$(cat "/proc/$pid/comm" 2>/dev/null || echo '?')" "$pid"; return; }
  done
}
