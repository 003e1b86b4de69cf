#!/usr/bin/env bash
# Order management: an order (lines SKU=QTY) is reserved where the ledger chooses, made firm, and its pick list printed.
#   oms.sh ORDER PLACED_MS SKU=QTY...       PLACED_MS: when it was placed, ms since 1970, at most a week ago
# All or nothing. The same words again change nothing and print the same list.
set -euo pipefail
order=${1:?oms.sh ORDER PLACED_MS SKU=QTY...} when=$2
shift 2
atp reserve "$@" --id "oms-$order" --issued "$when" --order "$order" --with strategy=fewest --quiet >/dev/null
atp allocate "oms-$order" --id "firm-$order" --issued "$when" --quiet >/dev/null
atp show "oms-$order"
