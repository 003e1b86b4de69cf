#!/usr/bin/env bash
# The nightly count of an ERP as a feed: of a point in the past, for the nodes of a group, with what it corrected as a page to print.
#   nightly_feed.sh FILE AS-OF GROUP FOLDER      e.g. nightly_feed.sh stock.csv 2026-11-21T02:00:00Z stores reports
# What the file leaves out of those nodes is counted as 0. Rows of other nodes go to FOLDER/rejects.csv, with their lines. Nothing is
# loaded when the guards say that it is too much: look at the dry run, and give MORE="--max-change 0.5".
# Stopped half way, run it again.
set -euo pipefail
file=${1:?nightly_feed.sh FILE AS-OF GROUP FOLDER}
as_of=${2:?} group=${3:?} folder=${4:?}
mkdir -p "$folder"
feed=nightly-$as_of
read -ra more <<<"${MORE:-}"
words=("$file" --profile "${PROFILE:-native}" --feed "$feed" --as-of "$as_of" --group "$group" --zero-missing "${more[@]}")
atp load "${words[@]}" --dry-run --json >"$folder/dry-run.json"
atp load "${words[@]}" --rejects "$folder/rejects.csv" --quiet
atp drift "$feed" --report "$folder/corrections.html"
atp drift --last 30 --report "$folder/trend.csv"
