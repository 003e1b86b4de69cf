#!/usr/bin/env bash
# POS: a till's sales as CSV (sku,qty) from a pipe, kept on disk until the engine has them; each line is one sale.
#   tail -n 0 -F sales.csv | pos.sh STORE FOLDER        the network may be down, either side may be killed
set -euo pipefail
store=${1:?pos.sh STORE FOLDER}
folder=${2:?pos.sh STORE FOLDER}
while IFS=, read -r sku qty; do
    printf '{"op":"sale","sku":"%s","node":"%s","qty":%s}\n' "$sku" "$store" "$qty"
done | atp publish "$store" --folder "$folder"
