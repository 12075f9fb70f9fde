# shellcheck shell=bash
# PROXY_ENVIRONMENT: rows of `NAME=value`. Whatever this script fetches goes through the spec's proxy.
while IFS= read -r setting; do
  [[ -z $setting ]] || export "${setting?}"
done <<<"$PROXY_ENVIRONMENT"
