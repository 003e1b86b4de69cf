#!/usr/bin/env bash
# Every shell script parses (and passes shellcheck, where that is installed); every Python script parses.
set -euo pipefail
cd "$(dirname "$0")/../.."

mapfile -t candidates < <(find .ci tools tests perf docs loaders query protocol -type f -not -path '*/corpus/*' | sort)
shell=()
python=()
for file in "${candidates[@]}"; do
    IFS= read -r first <"$file" 2>/dev/null || true
    case $first in
    '#!'*bash | '#!'*/sh) shell+=("$file") ;;
    '#!'*python3) python+=("$file") ;;
    esac
done
[[ ${#shell[@]} -gt 0 ]]

for file in "${shell[@]}"; do
    bash -n "$file"
    [[ -x $file || $file == .ci/* ]] || { echo "scripts: $file has #! but is not executable"; exit 1; }
done
for file in "${python[@]}"; do
    python3 -c 'import ast, sys; ast.parse(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1])' "$file"
done
if command -v shellcheck >/dev/null; then
    # 2046, 2086: lists of package names are split on purpose.
    shellcheck --severity=warning --exclude=SC2046,SC2086 "${shell[@]}"
fi
echo "scripts: ${#shell[@]} shell and ${#python[@]} python scripts parse"
