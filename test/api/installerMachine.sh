# shellcheck shell=bash
# A machine to run the installer on: this computer, with folders of its own where the script writes. Runs in
# mount and process namespaces of its own (unshare); MACHINE is an empty folder, the test's commands come after.
set -euo pipefail

mount --make-rprivate /
cp -a /etc "$MACHINE/etc"
mount --bind "$MACHINE/etc" /etc
for folder in /home /var/lib /usr/local/sbin; do
  mount -t tmpfs none "$folder"
done
ssh-keygen -A >/dev/null
grep -q '^@includedir /etc/sudoers.d' /etc/sudoers

run_installer() { printf '%s\n' "$TOKEN" | sh "$SCRIPT" --url "$URL" --key "$KEY" "$@"; }

# refused COMMAND…: it must fail (a command after ! never ends a script).
refused() {
  if "$@"; then
    echo "this was to be refused: $*" >&2
    exit 1
  fi
}

# What there is: owners, modes, links and contents. Sizes of folders are the file system's own affair.
state() {
  find /etc /home /var/lib /usr/local/sbin ! -type f -printf '%p %M %U %G %l\n'
  find /etc /home /var/lib /usr/local/sbin -type f -printf '%p %M %U %G\n' -exec sha256sum {} +
}

before=$(state | sort)
same() { diff <(printf '%s\n' "$before") <(state | sort); }
