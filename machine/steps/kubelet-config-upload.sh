# shellcheck shell=bash
# kubeadm's ConfigMap of the kubelet's configuration becomes that of the spec. CONFIG: of kubeadm.

shared_config() {
  kube -n kube-system get configmap kubelet-config -o 'jsonpath={.data.kubelet}'
}

before=$(shared_config) ||
  fail StepFailed 'the API server does not answer on this control plane' \
    'kubectl get --raw /readyz?verbose on this machine tells what is not ready.'
config=$(secret_file kubelet.yaml <<<"$CONFIG")
run kubeadm init phase upload-config kubelet --config "$config"
rm -f "$config"
after=$(shared_config)
[[ -n $after ]] || fail StepFailed "the ConfigMap kubelet-config is empty after kubeadm's upload" \
  'kubectl -n kube-system get configmap kubelet-config -o yaml'
[[ $after != "$before" ]] || skip 'the ConfigMap kubelet-config was like that'
