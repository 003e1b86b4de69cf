#!/usr/bin/env bash
# Marketplace: its orders (order,sku,node,qty) are sold already, so they are taken whatever there is; back goes what it may sell.
#   marketplace.sh CHANNEL ORDERS.csv > stock-feed.csv
set -euo pipefail
channel=${1:?marketplace.sh CHANNEL ORDERS.csv}
orders=${2:?marketplace.sh CHANNEL ORDERS.csv}
when=$(date -r "$orders" +%s%3N) # part of each request: the same file again is the same request again
while IFS=, read -r order sku node qty; do
    atp reserve "$sku@$node=$qty" --id "$channel-$order" --issued "$when" --channel "$channel" --mode track-only --quiet >/dev/null
    atp allocate "$channel-$order" --id "firm-$order" --issued "$when" --quiet >/dev/null
done <"$orders"
echo "sku,quantity"
cut -d, -f2 "$orders" | sort -u | while read -r sku; do
    atp avail "$sku" --channel "$channel" --json | sed -En 's/.*"sku":"([^"]*)".*"atp":"?([0-9.]+).*/\1,\2/p'
done
