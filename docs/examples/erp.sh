#!/usr/bin/env bash
# ERP, from cron: what lies in INBOX is loaded, by the profile its name begins with, up to the first dot, and put away.
#   erp.sh INBOX            e.g. INBOX/native.2026-11-21.csv, INBOX/sap-proact01.4711.idoc
# A file with too many bad rows changes nothing and goes to INBOX/failed beside its rejects. Stopped half way, run it again.
set -euo pipefail
inbox=${1:?erp.sh INBOX}
mkdir -p "$inbox/done" "$inbox/failed"
failed=0
for file in "$inbox"/*.*; do
    [[ -f $file ]] || continue
    name=$(basename "$file")
    if atp load "$file" --profile "${name%%.*}" --quiet --rejects "$inbox/failed/$name.rejects.csv"; then
        mv "$file" "$inbox/done/"
    else
        mv "$file" "$inbox/failed/" && failed=1
    fi
done
exit $failed
