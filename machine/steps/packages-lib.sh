# shellcheck shell=bash
# Which packages are there, and which of them came by an installation of ours. Whatever else came since
# the claim is its owner's.
# before/packages     all of them at the claim: name, version, state
# before/installed    names of those that we brought; machines that an older plinth claimed have none
# before/installing   an installation of ours is at work, or was killed: what was there before it

# A kernel is what the machine boots, and a repository's key is no package: never ours, whenever they came.
NEVER_OURS='^(linux-|gpg-pubkey)|(^|-)kernel([-.]|$)'

list_packages() {
  if have dpkg-query; then
    # shellcheck disable=SC2016 # dpkg's own variables
    dpkg-query -W -f '${binary:Package}\t${Version}\t${db:Status-Abbrev}\n'
  elif have rpm; then
    rpm -qa --qf '%{NAME}.%{ARCH}\t%{VERSION}-%{RELEASE}\tii\n'
  fi | sort
}

# Without those of which dpkg knows but the settings that their removal has left.
installed_packages() { list_packages | awk -F '\t' '$3 !~ /^.[nc]/ { print $1 }' | sort -u; }

# An installation or a removal was broken off: there may be files and folders of no package.
broken_off() { : >"$PLINTH_BEFORE/broken-off"; }

remember_packages() {
  [[ -e $PLINTH_BEFORE/installed ]] || return 0
  plinth_record "$PLINTH_BEFORE/installed" "$(sort -u - "$PLINTH_BEFORE/installed" | sed '/^$/d')"
}

# begin_installation: right before the package manager is called. What is there after it and was not before
# is ours, also where a kill comes between them.
begin_installation() {
  [[ -e $PLINTH_BEFORE/installed ]] || return 0
  take_up_installation
  plinth_record "$PLINTH_BEFORE/installing" "$(installed_packages)"
}

end_installation() {
  local before=$PLINTH_BEFORE/installing
  [[ -e $before ]] || return 0
  comm -13 "$before" <(installed_packages) | { grep -vE "$NEVER_OURS" || true; } | remember_packages
  rm -f "$before"
}

# Of one that failed or was killed.
take_up_installation() {
  [[ -e $PLINTH_BEFORE/installing ]] || return 0
  broken_off
  end_installation
}
