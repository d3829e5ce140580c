#!/bin/sh
# Settings whose value is a secret can come from files: NAME_FILE holds what NAME is to be.
set -eu
for name in T2M_DATABASE_URL T2M_METRICS_TOKEN T2M_OPTIMIZER_TOKEN; do
  eval "file=\${${name}_FILE:-}"
  if [ -n "$file" ]; then
    export "$name=$(cat "$file")"
  fi
done
exec "$@"
