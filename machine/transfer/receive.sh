# Takes files in under their SHA-256. stdin: the nonce, then `sha size` lines up to an empty one; the answer
# is a line `miss SHA PRESENT` for each that is not there, `free BYTES DISK` and `ready`, with `pack` where tar
# is there. Then for each file `get SHA SIZE` is answered by `send FROM`, its bytes follow, and `ok` or `bad SUM`
# ends it. A file that came in part stays as SHA.part and is continued; one with its right name was verified.
# Small files come together: `pack COUNT BYTES` and COUNT lines `sha size`, answered by `send 0`; an archive
# of so many bytes follows, and `ok` or `bad SHA` ends it.
store=$disk/artifacts
IFS= read -r nonce
say() { printf '%s %s\n' "$nonce" "$*"; }
mkdir -p "$store" || exit 1
# The files are for everybody on the machine to read, their folder is not.
umask 022

# Sets size_of[NAME] for each of these files that is there, in one process: of many small files they are the time.
declare -A size_of
measure_all() {
  local size name
  size_of=()
  while read -r size name; do size_of[$name]=$size; done < <(cd "$store" && stat -c '%s %n' "$@" 2>/dev/null)
}

# Sets bytes: a file's size.
measure() {
  bytes=0
  if [[ -s $1 ]]; then bytes=$(stat -c %s "$1" 2>/dev/null || echo 0); fi
}

# One file at a time comes in on a machine, whoever sends it.
lock_store() {
  exec 9>>"$store/.lock"
  flock -n 9 || wait_for_store
  printf '%s %s\n' "$$" "$1" >"$store/.lock"
}

# A holder that received nothing for 10 s lost its connection without a word and is ended.
wait_for_store() {
  local before holder file group
  read -r _ file <"$store/.lock"
  until
    measure "$store/${file:-x}.part"
    before=$bytes
    flock -w 10 9
  do
    read -r holder file <"$store/.lock"
    measure "$store/${file:-x}.part"
    ((bytes == before)) || continue
    read -r _ _ _ _ group _ 2>/dev/null <"/proc/${holder:-x}/stat" && ((group > 1)) && kill -KILL -- "-$group"
  done
}

# openssl uses the CPU's SHA instructions where coreutils' sha256sum does not: four times as fast.
sum_of() {
  if command -v openssl >/dev/null && openssl dgst -sha256 -r <"$1" 2>/dev/null; then return; fi
  sha256sum <"$1"
}

receive() {
  local sha=$1 size=$2 from=$3 part=$store/$1.part sum
  say send "$from"
  # Exactly so many bytes: what follows on stdin is the next request.
  dd bs=1M iflag=fullblock,count_bytes oflag=append conv=notrunc status=none \
    count="$((size - from))" of="$part" 9>&-
  sum=$(sum_of "$part" 9>&-)
  if [[ $sum == "$sha "* ]]; then
    mv -f "$part" "$store/$sha" && say ok
    return
  fi
  measure "$part"
  # Cut short: the connection is gone, and the part stays for the next one.
  ((bytes == size)) || exit 0
  rm -f "$part"
  say bad "${sum%% *}"
}

# True when the store holds it: a file with its right name was verified.
holds() {
  [[ -f $store/$1 ]] || return 1
  measure "$store/$1"
  ((bytes == $2))
}

receive_pack() {
  local count=$1 size=$2 pack=$store/.pack sums sha name rows=()
  declare -A wanted=()
  while ((count-- > 0)) && read -r sha name; do wanted[$sha]=$name; done
  lock_store pack
  measure_all "${!wanted[@]}"
  for sha in "${!wanted[@]}"; do [[ ${size_of[$sha]-} == "${wanted[$sha]}" ]] || rows+=("$sha"); done
  if ((${#rows[@]} == 0)); then
    say ok
    return
  fi
  say send 0
  rm -rf "$pack" && mkdir -p "$pack/files"
  # What waits for the store sees by this file's growth that we live.
  head -c "$size" >"$store/pack.part"
  measure "$store/pack.part"
  ((bytes == size)) || exit 0
  tar -xf "$store/pack.part" -C "$pack/files" --no-same-owner 9>&-
  rm -f "$store/pack.part"
  sums=$(cd "$pack/files" && sha256sum -- * 9>&-)
  while read -r sha name; do
    [[ $sha == "$name" ]] && unset "wanted[$sha]"
  done <<<"$sums"
  if ((${#wanted[@]} == 0)); then
    mv -f "$pack"/files/* "$store/" && say ok
  else
    for sha in "${!wanted[@]}"; do break; done
    say bad "$sha"
  fi
  rm -rf "$pack"
}

names=()
sizes=()
while read -r sha size && [[ -n $sha ]]; do
  names+=("$sha")
  sizes+=("$size")
done
measure_all "${names[@]}" "${names[@]/%/.part}"
for i in "${!names[@]}"; do
  sha=${names[i]}
  [[ ${size_of[$sha]-} == "${sizes[i]}" ]] || say miss "$sha" "${size_of[$sha.part]-0}"
done
{ read -r _ && read -r _ _ _ free _ mount; } < <(df -Pk "$store")
say free "$((free * 1024))" "$mount"
if command -v tar >/dev/null; then say ready pack; else say ready; fi

while read -r verb sha size; do
  if [[ $verb == pack ]]; then
    receive_pack "$sha" "$size"
    exec 9>&-
    continue
  fi
  lock_store "$sha"
  if holds "$sha" "$size"; then
    say ok
  else
    measure "$store/$sha.part"
    from=$bytes
    if ((from >= size)); then
      from=0
      rm -f "$store/$sha.part"
    fi
    receive "$sha" "$size" "$from"
  fi
  exec 9>&-
done
