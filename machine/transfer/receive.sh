# Takes files in under their SHA-256. stdin: the nonce, then `sha size` lines up to an empty one; the answer
# is a line `miss SHA PRESENT` for each that is not there, `free BYTES DISK` and `ready`. Then for each file
# `get SHA SIZE` is answered by `send FROM`, its bytes follow, and `ok` or `bad SUM` ends it. A file that came
# in part stays as SHA.part and is continued; one with its right name was verified.
store=$disk/artifacts
IFS= read -r nonce
say() { printf '%s %s\n' "$nonce" "$*"; }
mkdir -p "$store" || exit 1

size_of() { stat -c %s "$1" 2>/dev/null || echo 0; }

# One file at a time comes in on a machine, whoever sends it. A holder that received nothing for 10 s lost
# its connection without a word and is ended.
lock_store() {
  local before holder file group
  exec 9>>"$store/.lock"
  read -r _ file <"$store/.lock"
  until
    before=$(size_of "$store/${file:-x}.part")
    flock -w 10 9
  do
    read -r holder file <"$store/.lock"
    [[ $(size_of "$store/${file:-x}.part") == "$before" ]] || continue
    read -r _ _ _ _ group _ 2>/dev/null <"/proc/${holder:-x}/stat" && ((group > 1)) && kill -KILL -- "-$group"
  done
  printf '%s %s\n' "$$" "$1" >"$store/.lock"
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
  # Cut short: the connection is gone, and the part stays for the next one.
  [[ $(size_of "$part") == "$size" ]] || exit 0
  sum=$(sum_of "$part" 9>&-)
  if [[ $sum == "$sha "* ]]; then
    chmod 0644 "$part" && mv -f "$part" "$store/$sha" && say ok
  else
    rm -f "$part"
    say bad "${sum%% *}"
  fi
}

while read -r sha size && [[ -n $sha ]]; do
  [[ -f $store/$sha && $(size_of "$store/$sha") == "$size" ]] || say miss "$sha" "$(size_of "$store/$sha.part")"
done
{ read -r _ && read -r _ _ _ free _ mount; } < <(df -Pk "$store")
say free "$((free * 1024))" "$mount"
say ready

while read -r _ sha size; do
  lock_store "$sha"
  from=$(size_of "$store/$sha.part")
  if [[ -f $store/$sha && $(size_of "$store/$sha") == "$size" ]]; then
    say ok
  else
    if ((from >= size)); then
      from=0
      rm -f "$store/$sha.part"
    fi
    touch "$store/$sha.part"
    receive "$sha" "$size" "$from"
  fi
  exec 9>&-
done
