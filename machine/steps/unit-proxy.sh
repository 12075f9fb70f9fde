# shellcheck shell=bash
# What a unit asks of the outside goes through the spec's proxy. PROXY_ENVIRONMENT: rows of `NAME=value`;
# PROXY_SECRET: whether a password is in them: anybody may ask systemd for a unit's Environment=.

# unit_proxy UNIT: files_of is the caller's.
unit_proxy() {
  local row text='' file=/etc/plinth/proxy.env secret=''
  if [[ $PROXY_SECRET == true ]]; then
    secret=$PROXY_ENVIRONMENT
    text=$'\n'"EnvironmentFile=$file"
  else
    while IFS= read -r row; do
      # A percent sign begins one of systemd's own words.
      [[ -z $row ]] || text+=$'\n'"Environment=\"${row//%/%%}\""
    done <<<"$PROXY_ENVIRONMENT"
  fi
  setting_file "$file" 0600 "$secret"
  setting_file "/etc/systemd/system/$1.d/50-plinth-proxy.conf" 0644 "${text:+[Service]$text}"
}
