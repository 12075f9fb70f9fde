# shellcheck shell=bash
# containerd as kubelet needs it: one configuration for the version that is there.

major=$(containerd --version | sed -n 's/.* v\{0,1\}\([0-9]*\)\..*/\1/p')
[[ -n $major ]] || fail StepFailed 'containerd does not say its version' 'Is the package broken? Reinstall it.'
cni_bin=/opt/cni/bin

config_v2() {
  cat <<TOML
# plinth
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE_IMAGE"
  restrict_oom_score_adj = $RESTRICT_OOM
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$cni_bin"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = true
TOML
}

# Where it is and where its plugins lie is containerd 2's own default.
config_v3() {
  cat <<TOML
# plinth
version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '$PAUSE_IMAGE'
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = '/etc/containerd/certs.d'
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = $RESTRICT_OOM
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = true
TOML
}

# hosts_file REGISTRY MIRROR: `-` for none; SKIP_VERIFY: a person has said that certificates may be anybody's.
hosts_file() {
  local own=$1 mirror=$2
  # Its name is not its address.
  [[ $own != docker.io ]] || own='registry-1.docker.io'
  printf '# plinth\nserver = "https://%s"\n' "$own"
  if [[ $mirror == - ]]; then
    printf '[host."https://%s"]\n  capabilities = ["pull", "resolve"]\n' "$own"
  else
    printf '[host."%s"]\n  capabilities = ["pull", "resolve"]\n  override_path = true\n' "$mirror"
  fi
  [[ $SKIP_VERIFY != true ]] || printf '  skip_verify = true\n'
}

# MIRRORS: rows of `registry url`, `-` for none; files of other registries are a person's.
use_mirrors() {
  local registry url text
  while read -r registry url; do
    text=
    [[ $url == - && $SKIP_VERIFY != true ]] || text=$(hosts_file "$registry" "$url")
    setting_file "/etc/containerd/certs.d/$registry/hosts.toml" 0644 "$text"
  done <<<"$MIRRORS"
}

answers() { timeout 5 ctr version >/dev/null 2>&1; }

wait_until_it_answers() {
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    ! answers || return 0
    sleep 0.2
  done
  journalctl --no-pager -n 20 -u containerd.service 2>/dev/null || true
  fail StepFailed 'containerd does not answer' 'Its last lines are above: systemctl status containerd.'
}

record_unit containerd.service
record_path /opt/cni
files_of containerd.service
if ((major >= 2)); then
  put_file /etc/containerd/config.toml 0644 < <(config_v3)
else
  put_file /etc/containerd/config.toml 0644 < <(config_v2)
fi
use_mirrors
unit_proxy containerd.service
trust_proxy
files_of ''
put_file /etc/crictl.yaml 0644 <<<'runtime-endpoint: unix:///run/containerd/containerd.sock'
mkdir -p "$cni_bin" /etc/cni/net.d
if ! changes_pending containerd.service && systemctl is-active --quiet containerd.service &&
  systemctl is-enabled --quiet containerd.service && answers; then
  skip 'containerd runs with this configuration'
fi
systemctl daemon-reload
run systemctl enable --quiet containerd.service
run systemctl restart containerd.service
wait_until_it_answers
changes_taken containerd.service
