#!/usr/bin/env bash
# Write each site's links document into its secret store: where its links lead, and fresh keys to sign with.
# Functions read the document again within 30 seconds. Run it again to replace all keys at once.
set -euo pipefail
umask 077
cd "$(dirname "$0")"
terraform=${TERRAFORM:-$(command -v tofu || command -v terraform)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

documents='{}'
for site in $(jq -r '.sites | keys[]' wiring.json); do
  documents=$(jq --arg site "$site" '.[$site] = {out: {}, into: {}}' <<<"$documents")
done
while IFS=$'\t' read -r edge from into stack component; do
  url=$("$terraform" -chdir="stacks/$stack" output -json slot | jq -r --arg name "$component" '.urls[$name]')
  # Keys go by files, never by a command line that others can read.
  jq -n --arg id "$(openssl rand -hex 6)" --rawfile secret <(openssl rand -base64 32 | tr -d '\n') \
    --argjson created "$(date +%s)" '{id: $id, secret: $secret, created: $created}' > "$work/key.json"
  printf '%s' "$documents" > "$work/documents.json"
  documents=$(jq --slurpfile key "$work/key.json" --arg edge "$edge" --arg from "$from" --arg into "$into" --arg url "$url" \
    '.[$from].out[$edge] = {url: $url, keys: $key} | .[$into].into[$edge] = $key' "$work/documents.json")
done < <(jq -r '.links[] | [.edge, .from, .into, .stack, .component] | @tsv' wiring.json)

for site in $(jq -r '.sites | keys[]' wiring.json); do
  provider=$(jq -r --arg site "$site" '.sites[$site].provider' wiring.json)
  region=$(jq -r --arg site "$site" '.sites[$site].region' wiring.json)
  foundation=$(jq -r --arg site "$site" '.sites[$site].foundation' wiring.json)
  secret=$("$terraform" -chdir="stacks/$foundation" output -json slot | jq -r '.secrets.links')
  jq --arg site "$site" '.[$site]' <<<"$documents" > "$work/links.json"
  case $provider in
    aws) aws secretsmanager put-secret-value --region "$region" --secret-id "$secret" \
      --secret-string "file://$work/links.json" > /dev/null ;;
    azure) az keyvault secret set --id "$secret" --file "$work/links.json" --output none ;;
    gcp) gcloud secrets versions add "$secret" --data-file="$work/links.json" --quiet ;;
  esac
  echo "wired $site"
done
