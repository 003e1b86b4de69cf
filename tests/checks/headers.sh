#!/usr/bin/env bash
# Every header compiles alone, twice in a row, without a warning.
#
# Usage: headers.sh [COMPILER]
set -euo pipefail
cd "$(dirname "$0")/../.."
export compiler=${1:-cc}

check_header() {
    printf '#include "%s"\n#include "%s"\n' "$1" "$1" |
        "$compiler" -x c -std=gnu11 -fsyntax-only -D_GNU_SOURCE -I. -Wall -Wextra -Werror -Wno-unused-function - ||
        { echo "headers: $1 does not compile alone"; return 1; }
}
export -f check_header

mapfile -t headers < <(find engine protocol query loaders tools tests perf -type f -name '*.h' | sort)
[[ ${#headers[@]} -gt 0 ]]
printf '%s\0' "${headers[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'check_header "$1"' check_header
echo "headers: ${#headers[@]} compile alone"
