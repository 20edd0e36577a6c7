#!/usr/bin/env bash
# Runs the README's demo command as a newcomer would: waits for its address, opens the page, presses Ctrl-C, and
# holds it to ending cleanly in under 2 s. Then plays the story without a page.
#   .ci/demo.sh 'cargo run --release -- demo'
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A process group of its own takes the Ctrl-C, as a terminal would give it.
setsid bash -c "exec $1 --listen 127.0.0.1:0" >"$work/out" 2>"$work/err" &
group=$!
until grep -qs '^listening on ' "$work/out"; do
  sleep 0.1
  kill -0 "$group" 2>/dev/null || { cat "$work/out" "$work/err"; exit 1; }
done
address=$(sed -n 's/^listening on //p' "$work/out")
curl -sSfL "$address" | grep -q '<title>'
began=$(date +%s%N)
kill -INT -- "-$group"
code=0
wait "$group" || code=$?
took=$((($(date +%s%N) - began) / 1000000))
echo "the demo ended with $code, $took ms after Ctrl-C"
((code == 0 && took < 2000))
bash -c "$1 --once"
