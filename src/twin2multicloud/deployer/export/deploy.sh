#!/usr/bin/env bash
# Apply every stack in order. --yes asks nothing. TERRAFORM names the program (default: tofu or terraform).
set -euo pipefail
cd "$(dirname "$0")"
terraform=${TERRAFORM:-$(command -v tofu || command -v terraform)}
approve=()
if [[ "${1:-}" == "--yes" ]]; then approve=(-auto-approve); fi

# Devices are certified by an authority whose key stays here; the cloud is told its certificate.
while IFS=$'\t' read -r stack name; do
  if [[ ! -e devices/authority.pem ]]; then
    (
      umask 077
      mkdir -p devices
      openssl ecparam -name prime256v1 -genkey -noout -out devices/authority.key
      openssl req -new -x509 -key devices/authority.key -sha256 -days 3650 -out devices/authority.new -config /dev/stdin <<END
[req]
distinguished_name = subject
x509_extensions = authority
prompt = no
[subject]
O = Twin2MultiCloud
CN = $name
[authority]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
END
    )
    # Under its name once it is whole.
    mv devices/authority.new devices/authority.pem
  fi
  cp devices/authority.pem "stacks/$stack/authority.pem"
done < <(jq -r '.[] | select(.authority) | [.stack, .authority] | @tsv' plan.json)

while read -r stack; do
  echo "── $stack"
  folder=stacks/$stack
  # What this stack needs of others that have been applied.
  values='{}'
  while IFS=$'\t' read -r name from path; do
    [[ -n $name ]] || continue
    value=$("$terraform" -chdir="stacks/$from" output -json slot | jq --argjson path "$path" 'getpath($path)')
    values=$(jq --arg name "$name" --argjson value "$value" '.[$name] = $value' <<<"$values")
  done < <(jq -r --arg stack "$stack" \
    '.[] | select(.stack == $stack) | .upstream | to_entries[] | [.key, .value.stack, (.value.path | tojson)] | @tsv' plan.json)
  if [[ $values != '{}' ]]; then printf '%s\n' "$values" > "$folder/upstream.auto.tfvars.json"; fi
  "$terraform" -chdir="$folder" init -input=false
  "$terraform" -chdir="$folder" apply "${approve[@]}" </dev/tty
done < <(jq -r '.[].stack' plan.json)
echo "── done; ./wire.sh connects the clouds"
