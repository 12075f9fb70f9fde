# shellcheck shell=bash
# Takes back what we did, by what `claim` and the steps recorded: units, packages, files, kernel settings,
# swap, and the state that package tools keep for themselves. What the machine's owner has changed since
# stays. Needs no network.

[[ ! -e $RESTORED ]] || skip 'the machine is as it was found'
[[ -e $PLINTH_BEFORE/claimed ]] || skip 'nothing was recorded, so nothing was changed'

# Units that were not enabled, or not active, are so again; those that were come back after the files.
stop_units() {
  local record unit enabled active
  have systemctl || return 0
  for record in "$PLINTH_BEFORE"/units/*; do
    [[ -e $record && $record != *.tmp ]] || continue
    unit=${record##*/}
    read -r enabled active <"$record"
    systemctl cat "$unit" >/dev/null 2>&1 || continue
    ! is_kept "${unit%.*}" || continue
    [[ $active == active || $active == activating ]] || run systemctl stop "$unit"
    case $enabled in
      enabled* | masked* | static | indirect | generated | alias | linked*) ;;
      *) systemctl --quiet disable "$unit" 2>/dev/null || true ;;
    esac
  done
}

# What its owner has taken away since holds up nothing.
start_unit() {
  if ! systemctl cat "$1" >/dev/null 2>&1; then
    note "$1 is not there any more"
  elif [[ $1 == *.swap ]]; then
    run systemctl start "$1" || note "$1 cannot be switched on again"
  else
    run systemctl start "$1" || fail StepFailed "$1 does not start again" \
      "It ran when the machine was claimed: look at systemctl status $1, mend it or take it away, then try again."
  fi
}

start_units() {
  local record unit enabled active
  have systemctl || return 0
  systemctl daemon-reload
  for record in "$PLINTH_BEFORE"/units/*; do
    [[ -e $record && $record != *.tmp ]] || continue
    unit=${record##*/}
    read -r enabled active <"$record"
    case $enabled in
      masked) systemctl --quiet mask "$unit" || true ;;
      enabled)
        systemctl --quiet unmask "$unit" 2>/dev/null || true
        systemctl --quiet enable "$unit" || true
        ;;
      absent | '') ;;
      *) systemctl --quiet unmask "$unit" 2>/dev/null || true ;;
    esac
    if is_kept "${unit%.*}" && systemctl is-enabled --quiet "$unit"; then active=active; fi
    if [[ $active == active ]] && ! systemctl is-active --quiet "$unit"; then
      start_unit "$unit"
    fi
    systemctl reset-failed "$unit" 2>/dev/null || true
  done
}

# What package managers keep for themselves; see restore_tool_state.
TOOL_FOLDERS=(/var/cache/apt /var/lib/apt/lists /var/log/apt)

# is_spared KIND PATH: it does not go by its record alone.
is_spared() {
  local kind=$1 path=$2
  [[ " ${TOOL_FOLDERS[*]} " != *" $path "* ]] || return 0
  [[ $kind == absent || $kind == dir ]] || return 1
  is_kept "${path##*/}" || return 1
  note "$path stays, with the package that has it"
}

restore_files() {
  local record kind path
  # What lies deeper comes first, so that a folder we made is empty when its turn comes.
  while IFS= read -r record; do
    read -r kind path <"$record"
    is_spared "$kind" "$path" || restore_record "$record"
  done < <(find "$PLINTH_BEFORE/paths" -type f ! -name '*.orig' ! -name '*.list' ! -name '*.mode' ! -name '*.tmp' 2>/dev/null |
    awk '{ print gsub(/%2F/, "&") "\t" $0 }' | sort -rn | cut -f 2-)
}

# Accounts that packages made for themselves and never remove.
remove_accounts() {
  local name accounts=(haproxy)
  for name in "${accounts[@]}"; do
    ! is_kept "$name" || continue
    was_before users "$name" || ! grep -q "^$name:" /etc/passwd || run userdel "$name"
    was_before groups "$name" || ! grep -q "^$name:" /etc/group || run groupdel "$name"
  done
}

# names_swap FSTAB AREA
names_swap() {
  local source area
  area=$(readlink -f "$2")
  while read -r source; do
    [[ $source != *=* ]] || source=$(findfs "${source//\"/}" 2>/dev/null) || continue
    [[ $(readlink -f "$source") != "$area" ]] || return 0
  done < <(awk '$1 !~ /^#/ && $3 == "swap" { print $1 }' "$1" 2>/dev/null)
  return 1
}

# Swap that is gone, or no longer in the fstab that had it, its owner has given up.
restore_swap() {
  local area _ fstab
  fstab=$PLINTH_BEFORE/paths/$(plinth_path_key /etc/fstab).orig
  while read -r area _; do
    ! grep -q "^$area " /proc/swaps || continue
    if [[ ! -e $area ]] || { names_swap "$fstab" "$area" && ! names_swap /etc/fstab "$area"; }; then
      note "swap $area was taken out since"
    else
      run swapon "$area" || note "swap $area cannot be switched on again"
    fi
  done <"$PLINTH_BEFORE/swaps"
}

unload_modules() {
  local module
  have modprobe && [[ -s $PLINTH_BEFORE/modules ]] || return 0
  for module in vxlan br_netfilter overlay; do
    # Somebody else has asked for it by now.
    ! grep -qsx "$module" /etc/modules /etc/modules-load.d/*.conf || continue
    was_before modules "$module" || ! grep -q "^$module " /proc/modules || modprobe -r "$module" 2>/dev/null || true
  done
}

same_lines() { cmp -s <(sort "$1") <(sort "$2"); }

put_state_back() {
  local file original
  for file in "$@"; do
    original=$PLINTH_BEFORE/state/$(plinth_path_key "$file")
    if [[ -e $original ]]; then
      same_file "$original" "$file" || put_back "$original" "$file"
    else
      rm -f "$file"
    fi
  done
}

# Its owner may have written to these as well: with the same lines they are what they were.
put_same_back() {
  local file original
  for file in "$@"; do
    original=$PLINTH_BEFORE/state/$(plinth_path_key "$file")
    [[ -e $original ]] || original=/dev/null
    [[ ! -e $file ]] || same_lines "$original" "$file" || continue
    put_state_back "$file" "$file-old"
  done
}

libraries() { ldconfig -p -C "$1" 2>/dev/null | tail -n +2 | sort; }

# A library may have come without a package.
same_libraries() {
  ! have ldconfig ||
    cmp -s <(libraries "$PLINTH_BEFORE/state/$(plinth_path_key /etc/ld.so.cache)") <(libraries /etc/ld.so.cache)
}

# Names without their architecture, of what we have brought; an earlier attempt may have taken it away.
own_names() { { cat "$PLINTH_BEFORE/installed" 2>/dev/null || printf '%s\n' "${GOING[@]}"; } | sed 's/:.*//' | sort -u; }

# What apt takes away by itself once nothing needs it, but for our own.
automatic() {
  [[ ! -e $1 ]] || awk -v RS= '/Auto-Installed: 1/ { sub(/^Package: */, ""); sub(/\n.*/, ""); print }' "$1" | sort -u |
    comm -23 - <(own_names)
}

put_automatic_back() {
  local file=/var/lib/apt/extended_states
  cmp -s <(automatic "$PLINTH_BEFORE/state/$(plinth_path_key "$file")") <(automatic "$file") || return 0
  put_state_back "$file"
}

# Backups and caches say something about a past that is undone: put back where the present equals it.
restore_tool_state() {
  local file
  # Whoever has waited for us to be done with packages is at work on them by now.
  look_at_packages
  if [[ -z $(dpkg_lock_holder) ]] && packages_now | cmp -s - "$PLINTH_BEFORE/packages"; then
    put_state_back /var/lib/dpkg/status{,-old} /var/lib/dpkg/available \
      /var/lib/dpkg/triggers/{File,Unincorp} /var/lib/systemd/catalog/database
    put_same_back /var/lib/dpkg/{diversions,statoverride} /var/cache/debconf/{config,passwords,templates}.dat
    put_automatic_back
    ! same_libraries || put_state_back /etc/ld.so.cache /var/cache/ldconfig/aux-cache
    if [[ -s $PLINTH_BEFORE/dpkg-lists.tgz ]]; then
      tar -C /var/lib/dpkg/info -xzf "$PLINTH_BEFORE/dpkg-lists.tgz"
    fi
    for file in "${TOOL_FOLDERS[@]}"; do restore_path "$file"; done
  else
    note 'packages differ from those before; the package manager keeps its own state'
    packages_now | diff - "$PLINTH_BEFORE/packages" || true
  fi
  for file in passwd group shadow gshadow subuid subgid; do
    if [[ -e /etc/$file ]] && same_lines "/etc/$file" "$PLINTH_BEFORE/state/%2Fetc%2F$file"; then
      put_state_back "/etc/$file" "/etc/$file-"
    fi
  done
}

# An older plinth did not write down that it was at work on packages.
[[ -e $PLINTH_BEFORE/installed ]] || broken_off
take_up_installation
take_up_journal
look_at_packages
own_unpacked
choose_packages
stop_units
note 'removing the packages that came with us'
purge_packages
look_at_packages
release_holds
remove_unpacked
note 'putting files back'
restore_files
restore_trust
remove_accounts
start_units
restore_sysctls
restore_swap
unload_modules
restore_tool_state

mapfile -t left < <(packages_now | names_of_installed | comm -12 - <(printf '%s\n' "${GOING[@]}" | sort))
((${#left[@]} == 0)) || fail StepFailed "packages are still there: ${left[*]}"
plinth_record "$RESTORED" "$PLINTH_CLUSTER_ID"
((${#STAYING[@]} == 0)) || note "packages that came with us stay, since others need them: ${STAYING[*]}"
note 'the machine is as it was found'
