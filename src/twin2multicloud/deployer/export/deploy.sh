#!/usr/bin/env bash
# Apply every stack in order. --yes asks nothing. TERRAFORM names the program (default: tofu or terraform).
set -euo pipefail
cd "$(dirname "$0")"
terraform=${TERRAFORM:-$(command -v tofu || command -v terraform)}
approve=()
if [[ "${1:-}" == "--yes" ]]; then approve=(-auto-approve); fi

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
