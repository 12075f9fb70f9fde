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

# lacks WHAT: a file that was thought to be there is not. The step ends, what it needs is sent, and it runs once more.
lacks() {
  result again "$1"
  fail ArtifactMissing "$1" 'Retry: it is sent again.'
}
