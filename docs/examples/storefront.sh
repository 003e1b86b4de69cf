#!/usr/bin/env bash
# Storefront: a cart from page to payment. Each function is one call of a shop's backend.
#   storefront.sh CART SKU QTY
set -euo pipefail
cart=${1:?storefront.sh CART SKU QTY} sku=$2 qty=$3
channel=(--channel web)

on_page() { atp avail "$sku" "${channel[@]}" --json; }
# The cart's id is the reservation's: asked again after a lost answer, it is answered the same, not reserved twice.
into_cart() { atp reserve "$sku=$qty" --id "$cart" "${channel[@]}" --owner "$cart" --ttl 15min --quiet; }
to_payment() { atp extend "$cart" --ttl 30min --quiet; }
is_paid() { atp allocate "$cart" --quiet; }

on_page
into_cart || { echo "sold out" >&2 && exit 1; }
to_payment
is_paid
