#!/usr/bin/env bash
# Carrier and supplier: ship notices (X12 856 or EDIFACT DESADV) are supply with a day; delivery scans end an order's way.
#   carrier.sh asn FILE [ACK]   by its first letters: ISA is X12, UNA or UNB EDIFACT; the 997 or CONTRL to send back in ACK
#   carrier.sh delivered SCANS.csv      (reservation,scan) as the carrier told them
#   scanner | carrier.sh arrived FOLDER (supply,sku,node,qty) as the dock scans them; kept in FOLDER while the network is down
set -euo pipefail
case ${1:-} in
asn)
    profile=x12-856
    [[ $(head -c 2 "$2") == UN ]] && profile=edifact-desadv
    atp load "$2" --profile "$profile" --quiet ${3:+--ack "$3"}
    ;;
delivered)
    when=$(date -r "$2" +%s%3N) # part of each request: the same file again is the same request again
    while IFS=, read -r reservation scan; do
        atp deliver "$reservation" --id "scan-$scan" --issued "$when" --quiet >/dev/null
    done <"$2"
    ;;
arrived)
    { echo op,supply,sku,node,qty && sed -u 's/^/receive_supply,/'; } |
        atp publish dock --folder "$2" --format csv --quiet
    ;;
*)
    sed -n '2,5s/^# //p' "$0" >&2
    exit 2
    ;;
esac
