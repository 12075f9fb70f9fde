# shellcheck shell=bash
# The runtime and the tools that kubelet, kube-proxy and the endpoint call. PACKAGE_FILES: rows of
# `sha256 name` from a bundle; empty: the machine's own repositories.

HOLD=(containerd runc)

missing() {
  local name
  for name in $PACKAGES; do package_installed "$name" || printf '%s\n' "$name"; done
}

[[ -n $(missing) ]] || skip 'every package is installed'
record_unit containerd.service
record_unit haproxy.service
if [[ -n $PACKAGE_FILES ]]; then
  files=()
  folder=$PLINTH_RUN_DIR/packages
  mkdir -p "$folder"
  while read -r sum name file; do
    # What the machine has in another version stays: it is not ours to change.
    package_installed "$name" && continue
    [[ -e $PLINTH_ARTIFACTS/$sum ]] ||
      fail ArtifactMissing "the package $name did not arrive" 'Retry: it is sent again.'
    ln -sf "$PLINTH_ARTIFACTS/$sum" "$folder/$file"
    files+=("$folder/$file")
  done <<<"$PACKAGE_FILES"
  install_package_files "${files[@]}"
else
  # shellcheck disable=SC2086 # a list
  install_packages $PACKAGES
fi
left=$(missing)
[[ -z $left ]] || fail StepFailed "not installed: ${left//$'\n'/ }" \
  'Look at the lines above for what the package manager says about them.'
hold_packages "${HOLD[@]}"
# Debian's haproxy would listen by its own configuration: ours is a unit of its own.
if have systemctl; then
  systemctl --quiet disable --now haproxy.service 2>/dev/null || true
fi
