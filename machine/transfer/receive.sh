# Takes files in under their SHA-256. stdin: the nonce, then `sha size` lines up to an empty one; the answer
# is a line `miss SHA PRESENT` for each that is not there, `free BYTES DISK` and `ready`. Then for each file
# `get SHA SIZE` is answered by `send FROM`, its bytes follow, and `ok` or `bad SUM` ends it. A file that came
# in part stays as SHA.part and is continued; one with its right name was verified.
store=$disk/artifacts
IFS= read -r nonce
say() { printf '%s %s\n' "$nonce" "$*"; }
mkdir -p "$store" || exit 1
# The files are for everybody on the machine to read, their folder is not.
umask 022

# Sets bytes: a file's size. Processes are started only where they must be: of many small files they are the time.
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

while read -r sha size && [[ -n $sha ]]; do
  holds "$sha" "$size" && continue
  measure "$store/$sha.part"
  say miss "$sha" "$bytes"
done
{ read -r _ && read -r _ _ _ free _ mount; } < <(df -Pk "$store")
say free "$((free * 1024))" "$mount"
say ready

while read -r _ sha size; do
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
