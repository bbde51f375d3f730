#!/bin/sh
# Makes the pictures of the README from synthetic calls: examples/pictures/make.sh. It needs Go and Chromium, and takes as
# long as finetune without flags, some minutes.
set -eu
cd "$(dirname "$0")/../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# photograph FILE NAME WIDTH HEIGHT: the top of a page.
photograph() {
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$out/chromium" \
		--window-size="$3,$4" --screenshot="$PWD/examples/pictures/$2" "file://$1"
}

[ $# -gt 0 ] && models=$1 || { models=$out/run; go run ./examples/finetune -out "$models"; }
${EXPLAIN:-go run ./examples/explain} -models "$models" -html "$out/call.html" examples/pictures/call.json >"$out/call.jsonl"
cp "$models/results/fine_tuned_embeddings.png" examples/pictures/map.png
photograph "$out/call.html" call.png 900 1240
photograph "$(cd "$models" && pwd)/results/performance_comparison.html" comparison.png 900 600
