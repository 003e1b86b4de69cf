#!/usr/bin/env bash
# WMS, every few minutes: movements as JSON lines, each with a number of its own; told twice, each happens once.
#   wms.sh FILE...          {"movement":"m-1001","type":"GR","site":"hamburg","article":"bike-28","qty":20}
set -euo pipefail
profile=$(mktemp --suffix .yaml)
trap 'rm -f "$profile"' EXIT
cat >"$profile" <<'YAML'
version: 1
name: our-wms
loads: facts
format: {kind: json_lines}
columns: {event: movement, sku: article, node: site, quantity: qty, status: type}
facts:
  - {status: GR, fact: receive}
  - {status: CORR+, fact: adjust_up}
  - {status: CORR-, fact: adjust_down}
  - {status: MOVE, fact: skip}
YAML
for file in "$@"; do
    atp load "$file" --profile "$profile" --quiet --rejects "$file.rejects.csv"
done
