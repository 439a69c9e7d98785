#!/usr/bin/env python3
"""Asks an HTTP tracker, by a scrape, for the number of seeds of a torrent, and prints it.

    tracker_seeds.py http://HOST:PORT INFO_HASH
"""
import re
import sys
import urllib.parse
import urllib.request

base, info_hash = sys.argv[1:]
# Not urlencode(): it writes a space as "+", which trackers take for a plus sign.
quoted = urllib.parse.quote(bytes.fromhex(info_hash), safe="")
reply = urllib.request.urlopen(f"{base}/scrape?info_hash={quoted}", timeout=5).read()
match = re.search(rb"8:completei(\d+)e", reply)
print(int(match.group(1)) if match else 0)
