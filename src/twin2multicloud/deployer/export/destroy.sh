#!/usr/bin/env bash
# Destroy every stack, the last one first. --yes asks nothing.
set -euo pipefail
cd "$(dirname "$0")"
terraform=${TERRAFORM:-$(command -v tofu || command -v terraform)}
approve=()
if [[ "${1:-}" == "--yes" ]]; then approve=(-auto-approve); fi

while read -r stack; do
  echo "── $stack"
  "$terraform" -chdir="stacks/$stack" init -input=false
  "$terraform" -chdir="stacks/$stack" destroy "${approve[@]}" </dev/tty
done < <(jq -r 'reverse | .[].stack' plan.json)
