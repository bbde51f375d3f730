#!/bin/sh
# Makes the pictures of the README from synthetic calls: sh examples/pictures/make.sh [DIR]. It needs Go and Chromium, and takes as
# long as finetune and compare -frozen without other flags, some minutes, or seconds where they wrote to DIR before.
set -eu
cd "$(dirname "$0")/../.."
out=${1:-}
[ -n "$out" ] || { out=$(mktemp -d); trap 'rm -rf "$out"' EXIT; }
mkdir -p "$out/bin"
go build -o "$out/bin/" ./examples/compare ./examples/explain ./examples/finetune ./examples/internal/photograph
[ -d "$out/run" ] || "$out/bin/finetune" -out "$out/run"
[ -f "$out/compare.html" ] || "$out/bin/compare" -frozen -html "$out/compare.html"
"$out/bin/explain" -models "$out/run" -mask -html "$out/calls.html" examples/pictures/calls.json >"$out/calls.jsonl"

photograph=$out/bin/photograph results=$out/run/results/performance_comparison.html to=examples/pictures
"$photograph" -width 460 "$results" \
	'svg[aria-label^="The held-out calls by"]' $to/predicted.png \
	'svg[aria-label^="Calls in which"]' $to/map.png \
	'svg[aria-label^="One fine-tuning run"]' $to/history.png
"$photograph" -width 460 "$out/compare.html" \
	'svg[aria-label^="How often a won call"]' $to/methods.png \
	'svg[aria-label*="upper left"]' $to/roc.png \
	'svg[aria-label*="the curve is noisy"]' $to/precision-recall.png \
	'svg[aria-label^="On the diagonal"]' $to/calibration.png \
	'svg[aria-label^="How many times"]' $to/lift.png \
	'svg[aria-label*="still rises"]' $to/learning.png \
	'svg[aria-label^="Who talks"]' $to/beeswarm.png
"$photograph" -width 460 "$out/calls.html#call-1" \
	'#call-1 svg[aria-label^="The line is the chance"]' $to/strip.png \
	'#call-1 svg[aria-label^="From the average"]' $to/waterfall.png
"$photograph" -width 800 -density 1 "$out/calls.html#call-1" '#call-1 .turns' $to/call.png
"$photograph" -width 1200 -density 1 "$out/calls.html" '#calls' $to/list.png
