# shellcheck shell=bash
# The parts of a control plane, each a static pod of one container. NODE_NAME is a parameter.

# etcd first.
# shellcheck disable=SC2034 # used by what follows this text
PARTS=(etcd kube-apiserver kube-controller-manager kube-scheduler)

# running_with FILTER: the id of a container with these labels that runs; nothing: none does.
running_with() {
  local ids
  ids=$(ctr -n k8s.io containers ls -q "$1" 2>/dev/null) || return 0
  ctr -n k8s.io tasks ls 2>/dev/null | awk -v ids="${ids//$'\n'/ }" '
    BEGIN { n = split(ids, id); for (i = 1; i <= n; i++) known[id[i]] = 1 }
    ($1 in known) && $3 == "RUNNING" { print $1; exit }' || true
}

# running PART: whichever pod it is of.
running() { running_with "labels.\"io.kubernetes.pod.name\"==$1-$NODE_NAME,labels.\"io.cri-containerd.kind\"==container"; }

# running_as PART UID: of that very pod.
running_as() { running_with "labels.\"io.kubernetes.pod.uid\"==$2,labels.\"io.kubernetes.container.name\"==$1"; }
