#!/bin/sh
# Runs qbittorrent-nox for the sake of its embedded tracker.
#
#     qbittorrent_tracker.sh PROFILE_FOLDER TRACKER_PORT
set -eu
settings="$1/qBittorrent/config"
mkdir -p "$settings"
cat >"$settings/qBittorrent.conf" <<EOF
[LegalNotice]
Accepted=true

[Preferences]
Advanced\\trackerPort=$2
WebUI\\Port=8099
WebUI\\Address=127.0.0.1

[BitTorrent]
Session\\TrackerEnabled=true
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\PeXEnabled=false
TrackerEnabled=true
EOF
exec qbittorrent-nox --profile="$1"
