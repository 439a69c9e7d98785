#!/bin/sh
# Publishes a folder as a torrent and fetches it again, on this machine alone: what a build can run
# before it uploads anything. The leech starts first, on purpose: the order must not matter.
#
#   ci-smoke-test.sh FOLDER        the program is `swift-torrent`, or what SWIFT_TORRENT names
set -eu
data=${1:?usage: ci-smoke-test.sh FOLDER}
program=${SWIFT_TORRENT:-swift-torrent}
work=$(mktemp -d)
pids=
trap 'kill $pids 2>/dev/null || true; rm -rf "$work"' EXIT

"$program" tracker --listen 127.0.0.1:0 >"$work/tracker" &
pids=$!
until grep -q /announce "$work/tracker"; do sleep 0.1; done
tracker=$(head -n 1 "$work/tracker")

"$program" create "$data" --tracker "$tracker" --reproducible --quiet \
  --save-torrent "$work/data.torrent"

"$program" "$work/data.torrent" -o "$work/fetched" &
leech=$!
pids="$pids $leech"
sleep 1
"$program" seed "$work/data.torrent" -o "$(dirname "$data")" --quiet &
pids="$pids $!"

wait "$leech"
diff -r "$data" "$work/fetched/$(basename "$data")"
echo "what was published is what can be fetched"
