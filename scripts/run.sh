#!/usr/bin/env bash
# Runs a TypeScript file of this checkout: `bash scripts/run.sh FILE.ts ARGS…`. Installs what is missing first,
# so that any command works as the very first one after a clone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
  echo "plinth: $*" >&2
  exit 69
}

command -v node >/dev/null || fail 'Node.js 20.11 or newer is needed (https://nodejs.org)'
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 11) ? 0 : 1)' ||
  fail "Node.js 20.11 or newer is needed, this is $(node --version)"

# What was installed is known by the lock file it was installed from.
stamp=node_modules/.plinth-installed
installed() { [ -f "$stamp" ] && cmp -s package-lock.json "$stamp"; }

install() {
  installed && return # another run did it while this one waited for the lock
  echo 'plinth: installing the npm packages (about a minute, once) …' >&2
  local log
  log=$(mktemp)
  if ! npm ci --no-progress --loglevel=error >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    fail 'npm ci failed, see above'
  fi
  rm -f "$log"
  cp package-lock.json "$stamp"
}

if ! installed; then
  if command -v flock >/dev/null; then
    exec 9>.install.lock
    flock 9
    install
    exec 9>&-
  else
    # macOS has no flock: a folder is made by one process only. A dead owner's is taken over.
    until mkdir .install.lock.d 2>/dev/null; do
      owner=$(cat .install.lock.d/pid 2>/dev/null || true)
      [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null && rm -rf .install.lock.d
      sleep 1
    done
    echo $$ >.install.lock.d/pid
    trap 'rm -rf .install.lock.d' EXIT
    install
    rm -rf .install.lock.d
    trap - EXIT
  fi
fi

# exec: signals go to the program itself, and its exit code is ours.
exec node --import tsx "$@"
