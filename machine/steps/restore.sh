# shellcheck shell=bash
# Puts back what `claim` and the steps recorded: units, packages, files, kernel settings, swap, and
# the state that package tools keep for themselves. Needs no network.

[[ ! -e $RESTORED ]] || skip 'the machine is as it was found'
[[ -e $PLINTH_BEFORE/claimed ]] || skip 'nothing was recorded, so nothing was changed'

list_packages() {
  if have dpkg-query; then
    # shellcheck disable=SC2016 # dpkg's own variables
    dpkg-query -W -f '${binary:Package}\t${Version}\t${db:Status-Abbrev}\n'
  elif have rpm; then
    rpm -qa --qf '%{NAME}.%{ARCH}\t%{VERSION}-%{RELEASE}\tii\n'
  fi | sort
}

# Units that were not enabled, or not active, are so again; those that were come back after the files.
stop_units() {
  local record unit enabled active
  have systemctl || return 0
  for record in "$PLINTH_BEFORE"/units/*; do
    [[ -e $record && $record != *.tmp ]] || continue
    unit=${record##*/}
    read -r enabled active <"$record"
    systemctl cat "$unit" >/dev/null 2>&1 || continue
    [[ $active == active || $active == activating ]] || run systemctl stop "$unit"
    case $enabled in
      enabled* | masked* | static | indirect | generated | alias | linked*) ;;
      *) systemctl --quiet disable "$unit" 2>/dev/null || true ;;
    esac
  done
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
    if [[ $active == active ]] && ! systemctl is-active --quiet "$unit"; then
      run systemctl start "$unit"
    fi
    systemctl reset-failed "$unit" 2>/dev/null || true
  done
}

new_packages() { comm -13 <(cut -f 1 "$PLINTH_BEFORE/packages" | sort) <(list_packages | cut -f 1 | sort); }

purge_packages() {
  local packages=() output
  mapfile -t packages < <(new_packages)
  ((${#packages[@]})) || return 0
  if have dpkg; then
    export DEBIAN_FRONTEND=noninteractive
    printf '+ dpkg --purge %s\n' "${packages[*]}"
    # One call: dpkg itself finds the order. A package that a kill left half-installed goes as well.
    if ! output=$(dpkg --force-remove-reinstreq --purge "${packages[@]}" 2>&1); then
      printf '%s\n' "$output"
      [[ $output != *'frontend lock'* && $output != *'is locked'* ]] ||
        fail PackageLockHeld "dpkg's lock is held by another process"
      fail StepFailed 'dpkg cannot remove the packages that were installed for Kubernetes' \
        'Run dpkg --configure -a on the machine, look at what it says, then try again.'
    fi
    printf '%s\n' "$output"
  else
    run rpm -e "${packages[@]}"
  fi
}

# A dpkg killed between its files and their list leaves files that no package knows of. Unpacked once more, the package knows
# them, and they go with it. Its archive is ours, or apt's. A package of before that is broken is none of our business.
own_unpacked() {
  local packages=() name archive
  have dpkg || return 0
  mapfile -t packages < <(new_packages)
  for name in "${packages[@]}"; do
    # shellcheck disable=SC2016 # dpkg's own variable
    [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null) == *R ]] || continue
    name=${name%%:*}
    for archive in "$PLINTH_ARTIFACTS"/* "/var/cache/apt/archives/$name"_*.deb; do
      [[ $(dpkg-deb --field "$archive" Package 2>/dev/null) == "$name" ]] || continue
      note "$name was unpacked half: unpacking it whole, to remove it whole"
      DEBIAN_FRONTEND=noninteractive dpkg --force-depends --force-confold --unpack "$archive" \
        </dev/null >/dev/null 2>&1 || note "dpkg cannot unpack $name; going on"
      break
    done
  done
}

# A dpkg killed while it unpacks leaves files under names of its own, and folders of nobody.
remove_unpacked() {
  local folder
  have dpkg || return 0
  rm -rf /var/lib/dpkg/tmp.ci /var/lib/dpkg/updates/tmp.i
  find /usr /etc -xdev -name '*.dpkg-new' -cnewer "$PLINTH_BEFORE/claimed" -delete
  [[ -s $PLINTH_BEFORE/usr-folders ]] || return 0
  comm -13 "$PLINTH_BEFORE/usr-folders" <(find /usr -xdev -path /usr/local -prune -o -type d -print | sort) |
    tac | while IFS= read -r folder; do
    rmdir "$folder" 2>/dev/null || true
  done
}

restore_files() {
  local record
  # What lies deeper comes first, so that a folder we made is empty when its turn comes.
  while IFS= read -r record; do
    restore_record "$record"
  done < <(find "$PLINTH_BEFORE/paths" -type f ! -name '*.orig' ! -name '*.list' ! -name '*.mode' ! -name '*.tmp' 2>/dev/null |
    awk '{ print gsub(/%2F/, "&") "\t" $0 }' | sort -rn | cut -f 2-)
}

# Accounts that packages made for themselves and never remove.
remove_accounts() {
  local name accounts=(haproxy)
  for name in "${accounts[@]}"; do
    was_before users "$name" || ! grep -q "^$name:" /etc/passwd || run userdel "$name"
    was_before groups "$name" || ! grep -q "^$name:" /etc/group || run groupdel "$name"
  done
}

# Keys that Kubernetes, its network and our own settings change; the rest is none of our business.
KERNEL_KEYS='^/proc/sys/(net/(ipv4/(ip_forward|conf/|neigh/|vs/|ip_local_)|ipv6/(conf/|neigh/)|bridge/|netfilter/|core/)|vm/|kernel/(panic|panic_on_oops|pid_max|keys/root_)|fs/(inotify/|file-max|nr_open|may_detach))'

restore_sysctls() {
  local line file value
  # ip_forward first: writing it sets the forwarding of every interface.
  while IFS= read -r line; do
    file=${line%%:*}
    value=${line#*:}
    [[ -w $file && $(cat "$file" 2>/dev/null) != "$value" ]] || continue
    note "$file = $value"
    printf '%s\n' "$value" 2>/dev/null >"$file" || true
  done < <(
    for line in "$PLINTH_BEFORE"/sysctls/*; do
      [[ ! -e $line || $line == *.tmp ]] || printf '/proc/sys/%s:%s\n' "$(basename "$line" | tr . /)" "$(<"$line")"
    done
    grep '/ip_forward:' "$PLINTH_BEFORE/sysctls.all" || true
    comm -23 <(grep -E "$KERNEL_KEYS" "$PLINTH_BEFORE/sysctls.all" | sort) \
      <(grep -rs '' /proc/sys/{net,vm,kernel,fs} | sort)
  )
}

restore_swap() {
  local area _
  while read -r area _; do
    grep -q "^$area " /proc/swaps || run swapon "$area" || note "swap $area cannot be switched on again"
  done <"$PLINTH_BEFORE/swaps"
}

unload_modules() {
  local module
  have modprobe && [[ -s $PLINTH_BEFORE/modules ]] || return 0
  for module in vxlan br_netfilter overlay; do
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

# Backups and caches say something about a past that is undone: put back where the present equals it.
restore_tool_state() {
  local file
  if cmp -s <(list_packages) "$PLINTH_BEFORE/packages"; then
    put_state_back /var/lib/dpkg/{status,diversions,statoverride}{,-old} /var/lib/dpkg/available \
      /var/lib/dpkg/triggers/{File,Unincorp} /var/lib/apt/extended_states /var/cache/debconf/* \
      /etc/ld.so.cache /var/cache/ldconfig/aux-cache /var/lib/systemd/catalog/database
    if [[ -s $PLINTH_BEFORE/dpkg-lists.tgz ]]; then
      tar -C /var/lib/dpkg/info -xzf "$PLINTH_BEFORE/dpkg-lists.tgz"
    fi
  else
    note 'packages differ from those before; the package manager keeps its own state'
    diff <(list_packages) "$PLINTH_BEFORE/packages" || true
  fi
  for file in passwd group shadow gshadow subuid subgid; do
    if [[ -e /etc/$file ]] && same_lines "/etc/$file" "$PLINTH_BEFORE/state/%2Fetc%2F$file"; then
      put_state_back "/etc/$file" "/etc/$file-"
    fi
  done
}

stop_units
note 'removing packages that were not there before'
own_unpacked
purge_packages
remove_unpacked
note 'putting files back'
restore_files
remove_accounts
start_units
restore_sysctls
restore_swap
unload_modules
restore_tool_state

mapfile -t left < <(new_packages)
((${#left[@]} == 0)) || fail StepFailed "packages are still there: ${left[*]}"
plinth_record "$RESTORED" "$PLINTH_CLUSTER_ID"
note 'the machine is as it was found'
