#!/usr/bin/env bash
# Service desk: all that is known of a customer's order, and what can still be called off.
#   service_desk.sh ORDER           the order's own number, as the OMS gave it in order_id
set -euo pipefail
order=${1:?service_desk.sh ORDER}
atp show --order "$order"
echo
atp cancellable "$order" --order || true # says so with its exit status too
