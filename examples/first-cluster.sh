#!/bin/sh
# A cluster with curl and jq alone: apply, wait, kubeconfig.
#   PLINTH_URL=http://127.0.0.1:8080 PLINTH_API_KEY=… sh examples/first-cluster.sh examples/minimal.yaml
set -eu
: "${PLINTH_URL:?}" "${PLINTH_API_KEY:?}"
spec=$1
project=${PLINTH_PROJECT:-defaultproject}
clusters=$PLINTH_URL/apis/infra.k8smgmt.io/v3/projects/$project/clusters

ask() { curl -sS --fail-with-body -H "X-API-KEY: $PLINTH_API_KEY" "$@"; }

name=$(ask -H 'content-type: application/yaml' --data-binary "@$spec" "$clusters" | jq -r .metadata.name)
echo "applied $name"

# 1: at work, 2: done, 3: failed.
while :; do
  status=$(ask "$clusters/$name/status" | jq -c .status.commonStatus)
  case $(echo "$status" | jq .conditionStatus) in
    2) break ;;
    3) echo "$status" | jq -r .reason >&2; exit 1 ;;
  esac
  sleep "${PLINTH_POLL_SECONDS:-5}"
done
echo "$name is ready"
(umask 077 && ask "$clusters/$name/kubeconfig" >"$name.kubeconfig")
echo "KUBECONFIG=$name.kubeconfig kubectl get nodes"
