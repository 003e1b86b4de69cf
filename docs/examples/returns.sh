#!/usr/bin/env bash
# Returns: what came back (return,reservation,sku,node,qty,condition), each line once, by its own number.
#   returns.sh RETURNS.csv      condition: as_new, opened, broken; reservation empty: nobody knows which order it was
set -euo pipefail
declare -A disposition=([as_new]=restock [opened]=quarantine [broken]=damaged)
returns=${1:?returns.sh RETURNS.csv}
when=$(date -r "$returns" +%s%3N) # part of each request: the same file again is the same request again
while IFS=, read -r number reservation sku node qty condition; do
    atp return "$reservation" "$sku@$node=$qty" --fact --id "return-$number" --issued "$when" --disposition "${disposition[$condition]}" --quiet >/dev/null
done <"$returns"
