# shellcheck shell=bash
# Takes away the packages that we brought and that nobody else needs by now. Needs no network.

# Set by choose_packages: what goes, and what stays since something that is not ours needs it.
GOING=()
STAYING=()

# The packages as they are now, read once for all that asks: what cannot be read is no empty list.
look_at_packages() { list_packages >"$PLINTH_RUN_DIR/now"; }
packages_now() { cat "$PLINTH_RUN_DIR/now"; }

names_at_claim() { cut -f 1 "$PLINTH_BEFORE/packages" | sort -u; }

# A machine that an older plinth claimed has no record of what we brought: there it is all that is new.
own_packages() {
  # Nothing can be told apart by an empty one.
  [[ -s $PLINTH_BEFORE/packages ]] || [[ -e $PLINTH_BEFORE/installed ]] || return 0
  if [[ -e $PLINTH_BEFORE/installed ]]; then
    comm -12 "$PLINTH_BEFORE/installed" <(packages_now | cut -f 1 | sort -u) | comm -23 - <(installed_at_claim)
  else
    comm -13 <(names_at_claim) <(packages_now | cut -f 1 | sort -u) | grep -vE "$NEVER_OURS" || true
  fi
}

is_own() { own_packages | grep -qxF "$1"; }

# A dpkg killed between its files and their list leaves files that no package knows of. Unpacked once more, the package knows
# them, and they go with it. Its archive is ours, or apt's. A package of before that is broken is none of our business.
own_unpacked() {
  local packages=() name archive
  is_debian || return 0
  mapfile -t packages < <(comm -13 <(names_at_claim) <(packages_now | awk -F '\t' '$3 ~ /R/ { print $1 }' | sort -u))
  for name in "${packages[@]}"; do
    for archive in "$PLINTH_ARTIFACTS"/* "/var/cache/apt/archives/${name%%:*}"_*.deb; do
      # Killed, it leaves a folder.
      [[ $(TMPDIR=$PLINTH_RUN_DIR dpkg-deb --field "$archive" Package 2>/dev/null) == "${name%%:*}" ]] || continue
      # Who else would have unpacked what was sent for us?
      [[ $archive != "$PLINTH_ARTIFACTS"/* ]] || remember_packages <<<"$name"
      is_own "$name" || continue
      broken_off
      note "$name was unpacked half: unpacking it whole, to remove it whole"
      DEBIAN_FRONTEND=noninteractive dpkg --force-depends --force-confold --unpack "$archive" \
        </dev/null >/dev/null 2>&1 || note "dpkg cannot unpack $name; going on"
      look_at_packages
      break
    done
  done
}

# stay NAME…: out of GOING, whatever the architecture is called by. Fails where none of them was in it.
stay() {
  local name other going=()
  for name in "${GOING[@]}"; do
    for other in "$@"; do
      [[ ${name%%:*} != "${other%%:*}" ]] || { STAYING+=("$name") && continue 2; }
    done
    going+=("$name")
  done
  ((${#going[@]} < ${#GOING[@]})) || return 1
  GOING=("${going[@]}")
}

# dpkg itself says which of them something else needs, also by way of one that stays for that reason.
choose_of_dpkg() {
  local output refused=()
  while ((${#GOING[@]})); do
    ! output=$(LC_ALL=C dpkg --no-act --force-remove-reinstreq --purge "${GOING[@]}" 2>&1) || return 0
    awk '
      /^dpkg: dependency problems prevent removal of / { name = $7; sub(/:$/, "", name); next }
      /^dpkg: error processing package / { name = $5; next }
      name != "" && /^ / { sub(/^ +/, ""); sub(/(; however:|\.)$/, ""); if (!(name in said)) print name " stays: " $0; said[name] = 1 }
      { name = "" }
    ' <<<"$output"
    mapfile -t refused < <(sed '1,/^Errors were encountered while processing:/d; s/^ *//' <<<"$output")
    # What else is wrong the removal itself will tell.
    stay "${refused[@]}" || return 0
  done
}

# rpm names what is missed, which may be anything that a package provides.
choose_of_rpm() {
  local output wanted=() refused=()
  while ((${#GOING[@]})); do
    ! output=$(LC_ALL=C rpm -e --test --allmatches "${GOING[@]}" 2>&1) || return 0
    grep 'is needed by' <<<"$output" || true
    # What else is wrong the removal itself will tell.
    grep -q 'is needed by' <<<"$output" || return 0
    # (a or b): each word of it.
    mapfile -t wanted < <(sed -n 's/^[[:space:]]*\(.*\) is needed by .*/\1/p' <<<"$output" | tr ' ' '\n' |
      sed 'p; s/^(*//; s/)*$//' | sed '/^$/d')
    refused=()
    ((${#wanted[@]} == 0)) ||
      mapfile -t refused < <(rpm -q --whatprovides "${wanted[@]}" --qf '%{NAME}.%{ARCH}\n' 2>/dev/null)
    if ! stay "${refused[@]}"; then
      printf '%s\n' "$output"
      note 'what rpm says of them names none of these packages: all of them stay'
      stay "${GOING[@]}"
    else
      note "staying: ${STAYING[*]}"
    fi
  done
}

choose_packages() {
  mapfile -t GOING < <(own_packages)
  if is_debian; then choose_of_dpkg; else choose_of_rpm; fi
  # Of what came since and does not go.
  local packages=()
  mapfile -t packages < <(packages_now | names_of_installed | comm -13 <(installed_at_claim) - | comm -23 - <(printf '%s\n' "${GOING[@]}" | sort -u))
  hold_paths "${packages[@]}"
}

# is_kept NAME: of a unit or an account that bears the name of a package that stays.
is_kept() {
  local name
  for name in "${STAYING[@]}"; do
    [[ ${name%%[.:]*} != "$1" ]] || return 0
  done
  return 1
}

# What was killed; where no package of ours is there by then, nothing else has dpkg take up its own journal.
take_up_journal() {
  [[ ! -e $PLINTH_BEFORE/purging ]] || broken_off
  is_debian && [[ -e $PLINTH_BEFORE/broken-off ]] || return 0
  dpkg --set-selections </dev/null || note 'dpkg does not take up what it has begun; going on'
}

purge_packages() {
  local output listed=() action=--purge
  ((${#GOING[@]})) || return 0
  : >"$PLINTH_BEFORE/purging"
  if is_debian; then
    export DEBIAN_FRONTEND=noninteractive
    # The settings of one that was there once are not ours.
    mapfile -t listed < <(comm -12 <(names_at_claim) <(printf '%s\n' "${GOING[@]}" | sort))
    ((${#listed[@]} == 0)) || action=--remove
    printf '+ dpkg %s %s\n' "$action" "${GOING[*]}"
    # One call: dpkg itself finds the order. A package that a kill left half-installed goes as well.
    if ! output=$(dpkg --force-remove-reinstreq "$action" "${GOING[@]}" 2>&1); then
      printf '%s\n' "$output"
      [[ $output != *'frontend lock'* && $output != *'is locked'* ]] ||
        fail PackageLockHeld "dpkg's lock is held by another process"
      fail StepFailed 'dpkg cannot remove the packages that were installed for Kubernetes' \
        'Run dpkg --configure -a on the machine, look at what it says, then try again.'
    fi
    printf '%s\n' "$output"
    [[ $action == --purge ]] || purge_settings
  else
    run rpm -e --allmatches "${GOING[@]}"
  fi
  rm -f "$PLINTH_BEFORE/purging"
}

# Of those that were not there at all.
purge_settings() {
  local packages=()
  mapfile -t packages < <(comm -13 <(names_at_claim) <(printf '%s\n' "${GOING[@]}" | sort))
  ((${#packages[@]} == 0)) || run dpkg --purge "${packages[@]}"
}

# Our hold is not on what stays, unless it was held before us.
release_holds() {
  local name
  is_debian || return 0
  for name in containerd runc; do
    # shellcheck disable=SC2016 # dpkg's own variable
    [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null) == h* ]] || continue
    ! awk -F '\t' -v name="$name" '{ sub(/:.*/, "", $1) } $1 == name && $3 ~ /^h/ { held = 1 } END { exit !held }' \
      "$PLINTH_BEFORE/packages" || continue
    note "$name is held no more"
    printf '%s install\n' "$name" | dpkg --set-selections
  done
}

# Every path of the packages that came since or are of another version now, also where /lib stands for /usr/lib. Of the
# others a folder that was not there is none that anybody misses: some systems leave out what dpkg lists.
paths_of_others() {
  local packages=()
  mapfile -t packages < <(comm -13 "$PLINTH_BEFORE/packages" <(packages_now) | cut -f 1)
  ((${#packages[@]} == 0)) || paths_of "${packages[@]}" | sed -n 'p; s#^/\(bin\|sbin\|lib[0-9a-z]*\)\(/.*\)*$#/usr&#p' | sort -u
}

# A dpkg killed while it unpacks leaves files under names of its own, and folders of nobody.
remove_unpacked() {
  local folder
  is_debian && [[ -e $PLINTH_BEFORE/broken-off ]] || return 0
  [[ -z $(dpkg_lock_holder) ]] || fail PackageLockHeld "dpkg's lock is held by $(dpkg_lock_holder)"
  rm -rf /var/lib/dpkg/tmp.ci /var/lib/dpkg/updates/tmp.i
  find /var/lib/dpkg/info -name '*.list-new' -cnewer "$PLINTH_BEFORE/claimed" -delete
  # What is unpacked and not configured by now is its owner's.
  packages_now | awk -F '\t' '$3 ~ /^.[UFHWt]/ { half = 1 } END { exit !half }' ||
    find /usr /etc -xdev -name '*.dpkg-new' -cnewer "$PLINTH_BEFORE/claimed" -delete
  [[ -s $PLINTH_BEFORE/usr-folders ]] || return 0
  comm -13 "$PLINTH_BEFORE/usr-folders" <(find /usr -xdev \( -path /usr/local -o -path /usr/lib/modules \) -prune -o -type d -print | sort) |
    comm -23 - <(paths_of_others) | tac | while IFS= read -r folder; do
    rmdir "$folder" 2>/dev/null || true
  done
}
