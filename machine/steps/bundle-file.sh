# shellcheck shell=bash
# bundle_file FILE: its content as it is meant; what the bundle compressed (zstd, by its magic number) is
# unpacked on the way.
bundle_file() {
  if [[ $(od -An -tx1 -N4 "$1" | tr -d ' \n') == 28b52ffd ]]; then
    zstd -dcq "$1"
  else
    cat "$1"
  fi
}
