# shellcheck shell=bash
# The runtime and the tools that kubelet, kube-proxy, the endpoint and the steps call. PACKAGE_FILES:
# rows of `sha256 name file` from a bundle; empty: the machine's own repositories.

missing() {
  local name
  for name in $PACKAGES; do package_installed "$name" || printf '%s\n' "$name"; done
}

# Debian's haproxy would listen by its own configuration: ours is a unit of its own.
own_haproxy_off() {
  have systemctl || return 0
  ! systemctl is-enabled --quiet haproxy.service 2>/dev/null &&
    ! systemctl is-active --quiet haproxy.service
}

mend_packages
take_up_installation
allow_starts
if [[ -z $(missing) ]] && packages_held && own_haproxy_off; then
  skip 'every package is installed'
fi
record_unit containerd.service
record_unit haproxy.service
if [[ -z $(missing) ]]; then
  note 'every package is installed'
elif [[ -n $PACKAGE_FILES ]]; then
  files=() names=()
  folder=$PLINTH_RUN_DIR/packages
  mkdir -p "$folder"
  while read -r sum name file; do
    # What the machine has in another version stays: it is not ours to change.
    package_installed "$name" && continue
    [[ -e $PLINTH_ARTIFACTS/$sum ]] || lacks "the package $name did not arrive"
    ln -sf "$PLINTH_ARTIFACTS/$sum" "$folder/$file"
    files+=("$folder/$file") names+=("$name")
  done <<<"$PACKAGE_FILES"
  ((${#files[@]})) || fail ArtifactMissing "the bundle lacks packages: $(missing | paste -s -d ' ')" \
    'Install them on the machine, or take a bundle that holds them.'
  install_package_files
else
  # What is there already is not named: it would get newer, or count as wanted by a person.
  # shellcheck disable=SC2046 # a list
  install_packages $(missing)
fi
left=$(missing)
[[ -z $left ]] || fail StepFailed "not installed: ${left//$'\n'/ }" \
  'Look at the lines above for what the package manager says about them.'
hold_packages
own_haproxy_off || run systemctl --quiet disable --now haproxy.service
