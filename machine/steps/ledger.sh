# shellcheck shell=bash
# Undoes by the record that `claim` and the steps made (see prelude.sh). Every function may be run
# again after a kill at any point.

# shellcheck disable=SC2034 # for the scripts after this one
RESTORED=$PLINTH_STATE/restored

# Mount points under PATH (itself only if it was none before), deepest first.
mounts_under() {
  awk -v top="$1/" '{ gsub(/\\040/, " ", $5); if (index($5 "/", top) == 1) print $5 }' /proc/self/mountinfo |
    tac | while read -r mount; do
    grep -qxF "$mount" "$PLINTH_BEFORE/mounts" 2>/dev/null || printf '%s\n' "$mount"
  done
}

unmount_under() {
  local mount
  mounts_under "$1" | while read -r mount; do
    umount "$mount" 2>/dev/null || umount -l "$mount" || true
  done
}

# What a package holds that stays, by the list of `hold_paths`; where a script has made none, nothing is.
is_held() { grep -qsxF "$1" "$PLINTH_RUN_DIR/held"; }

remove_unheld() {
  local path
  find "$1" -xdev -mindepth 1 -depth -print | { grep -vxFf "$PLINTH_RUN_DIR/held" || true; } |
    while IFS= read -r path; do
      if [[ -d $path && ! -L $path ]]; then rmdir "$path" 2>/dev/null || true; else rm -f "$path"; fi
    done
}

# What a directory holds now and did not hold then.
remove_new_in() {
  local dir=$1 list=$2 name
  local -A before=()
  while IFS= read -r -d '' name; do before[$name]=1; done <"$list"
  while IFS= read -r name; do before[${name#"$dir/"}]=1; done < <(grep -sF "$dir/" "$PLINTH_RUN_DIR/held" || true)
  find "$dir" -xdev -mindepth 1 -depth -printf '%P\0' | while IFS= read -r -d '' name; do
    [[ -n ${before[$name]-} ]] || rm -rf --one-file-system "${dir:?}/$name" 2>/dev/null || true
  done
}

put_back() {
  local original=$1 path=$2
  [[ -d $path && ! -L $path ]] && rm -rf --one-file-system "$path"
  mkdir -p "$(dirname "$path")"
  if ! { cp -a "$original" "$path.plinth-new" && mv -fT "$path.plinth-new" "$path"; } 2>/dev/null; then
    rm -f "$path.plinth-new"
    cp -a --remove-destination "$original" "$path" 2>/dev/null || cat "$original" >"$path"
  fi
}

same_file() {
  [[ ! -L $2 && -f $2 ]] && cmp -s "$1" "$2" &&
    [[ $(stat -c '%a %u %g %Y' "$1") == $(stat -c '%a %u %g %Y' "$2") ]]
}

is_as_before() {
  local record=$1 kind path
  read -r kind path <"$record"
  case $kind in
    absent) [[ ! -e $path && ! -L $path ]] ;;
    file) same_file "$record.orig" "$path" ;;
    symlink) [[ -L $path && $(readlink "$path") == "$(readlink "$record.orig")" ]] ;;
  esac
}

# Files that the machine's owner and we both write: of these only our own lines are undone.
is_shared() { [[ $1 == /etc/fstab || $1 == /etc/hosts || $1 == /etc/dnf/dnf.conf ]]; }

without_our_lines() {
  case $1 in
    /etc/fstab) sed 's/^# plinth: //' "$1" ;;
    # The last of these the endpoint's unit writes, where something has made the file anew.
    /etc/hosts) without_endpoint "$1" | sed '/^127\.0\.0\.1 plinth-api\.internal$/d' ;;
    /etc/dnf/dnf.conf) without_exclusion "$1" | without_dnf_proxy ;;
  esac
}

# Line by line: who has changed the file may have taken one of them away, or written between them.
without_endpoint() {
  awk '
    /^# plinth: the API endpoint$/ { next_is_ours = 1; next }
    /^# plinth: end$/ { next_is_ours = 0; next }
    next_is_ours && /^127\.0\.0\.1 [^ \t]+$/ { next_is_ours = 0; next }
    { next_is_ours = 0; print }
  ' "$1"
}

without_dnf_proxy() {
  awk '
    /^# plinth: the proxy$/ { next_is_ours = 1; next }
    next_is_ours && /^proxy=/ { next_is_ours = 0; next }
    { next_is_ours = 0; print }
  '
}

# Its owner may have added names to our line.
without_exclusion() {
  sed -e '/^# plinth$/d' -e '/^excludepkgs *=/{
    s/\([=, ]\)containerd\.io\($\|[, ]\)/\1/
    /=[, ]*$/d
  }' "$1"
}

# A file without an end to its last line has got one by us.
with_end() { awk 1 "$@"; }

undo_lines() {
  local original=$1 path=$2 mode owner
  read -r mode owner < <(stat -c '%a %u:%g' "$path")
  if cmp -s <(with_end "$original") <(without_our_lines "$path" | with_end); then
    put_back "$original" "$path"
    # We have changed neither of these.
    [[ $(stat -c '%a %u:%g' "$path") == "$mode $owner" ]] || { chown "$owner" "$path" && chmod "$mode" "$path"; }
  else
    note "$path was changed since: only our own lines are taken out"
    put_file "$path" "$mode" < <(without_our_lines "$path")
  fi
}

# The machine is given back all the same; whoever made the change finds here what became of it.
note_change() {
  local sum
  sum=$PLINTH_BEFORE/written/$(plinth_path_key "$1")
  [[ ! -e $sum || ! -f $1 ]] || sha256sum <"$1" | cmp -s - "$sum" ||
    note "$1 was changed since plinth wrote it; that goes with it"
}

# restore_record RECORD: the path is as the record says.
restore_record() {
  local record=$1 kind path mode owner
  read -r kind path <"$record"
  case $path in
    # Others' modules, namespaces, settings and certificates come and go here. An older plinth has recorded all that was there.
    /usr/lib/modules | /run/netns | /root/.kube | /usr/local/share/ca-certificates | /etc/ssl/certs)
      [[ $kind != dir ]] || return 0
      [[ $path != /root/.kube || $kind != absent ]] || rm -rf /root/.kube/cache
      [[ $path == /etc/ssl/certs || $kind != absent ]] || kind=made
      ;;
  esac
  [[ ! -e $path.plinth-new && ! -L $path.plinth-new ]] || rm -f "$path.plinth-new"
  case $kind in
    absent)
      if [[ -e $path || -L $path ]]; then
        note_change "$path"
        unmount_under "$path"
        if is_held "$path"; then
          note "$path stays, with the package that has it"
          remove_unheld "$path"
        else
          note "removing $path"
          rm -rf --one-file-system "$path"
        fi
      fi
      ;;
    made)
      [[ ! -d $path || -n $(find "$path" -mindepth 1 -maxdepth 1 -print -quit) ]] || {
        unmount_under "$path"
        rmdir "$path" 2>/dev/null || true
      }
      ;;
    dir)
      unmount_under "$path"
      [[ -d $path ]] || mkdir -p "$path"
      remove_new_in "$path" "$record.list"
      read -r mode owner <"$record.mode"
      chmod "$mode" "$path"
      chown "$owner" "$path"
      ;;
    file | symlink)
      is_as_before "$record" && return
      if is_shared "$path" && [[ $kind == file && -f $path && ! -L $path ]]; then
        undo_lines "$record.orig" "$path"
        return
      fi
      note_change "$path"
      put_back "$record.orig" "$path"
      ;;
  esac
}

# restore_path PATH: by its record; without one PATH is left alone.
restore_path() {
  local record
  record=$PLINTH_BEFORE/paths/$(plinth_path_key "$1")
  [[ ! -e $record ]] || restore_record "$record"
}

was_before() { grep -qxF "$2" "$PLINTH_BEFORE/$1" 2>/dev/null; }

# setting_file PATH MODE TEXT: the file holds TEXT; where the spec has no such setting (any more), it
# is what it was before us.
setting_file() {
  local record
  if [[ -n $3 ]]; then
    put_file "$1" "$2" <<<"$3"
    return
  fi
  record=$PLINTH_BEFORE/paths/$(plinth_path_key "$1")
  if [[ -e $record ]] && ! is_as_before "$record"; then
    plinth_mark_pending
    restore_record "$record"
    # shellcheck disable=SC2034 # as put_file says it
    CHANGED=1
  fi
}
