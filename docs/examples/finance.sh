#!/usr/bin/env bash
# Finance and planning: the day's close, one folder a day: stock, promises, unmet demand, open exceptions.
#   finance.sh FOLDER
set -euo pipefail
folder=${1:?finance.sh FOLDER}/$(date -u +%F)
mkdir -p "$folder"
atp export positions --out "$folder/positions.csv"
atp export reservations --out "$folder/reservations.csv"
atp demand --json >"$folder/demand.jsonl"
atp exceptions --json >"$folder/exceptions.jsonl"
echo "$folder"
