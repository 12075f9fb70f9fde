#!/usr/bin/env bash
# Format, lint, types, unit tests: what to run before a commit. Two lanes, because two cores are what most have.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
PATH=$PWD/node_modules/.bin:$PATH
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# check NAME COMMAND…: runs it quietly, prints one line, keeps what it said for the end if it failed.
check() {
  local name=$1 started=$SECONDS
  shift
  if "$@" >"$out/$name.log" 2>&1; then
    printf '%-7s ok      %3d s\n' "$name" $((SECONDS - started))
  else
    printf '%-7s FAILED  %3d s\n' "$name" $((SECONDS - started))
    touch "$out/$name.failed"
  fi
}

bash scripts/run.sh --eval '' || exit
{
  check lint eslint .
} &
{
  check types tsc --noEmit
  check console tsc --noEmit -p console
  check format prettier --check .
  check unit vitest run --project unit --reporter=dot
} &
wait

status=0
for failed in "$out"/*.failed; do
  [ -e "$failed" ] || continue
  status=1
  printf '\n== %s\n' "$(basename "$failed" .failed)"
  cat "${failed%.failed}.log"
done
exit $status
