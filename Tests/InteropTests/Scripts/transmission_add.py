#!/usr/bin/env python3
"""Gives transmission-daemon a torrent: transmission_add.py ADDRESS:PORT MAGNET

It waits until the daemon takes calls.
"""
import json
import sys
import time
import urllib.error
import urllib.request


def call(url, session, magnet):
    body = json.dumps({"method": "torrent-add", "arguments": {"filename": magnet}}).encode()
    request = urllib.request.Request(url, body, {"X-Transmission-Session-Id": session})
    with urllib.request.urlopen(request, timeout=20) as reply:
        return json.load(reply)


def main(address, magnet):
    url, session = f"http://{address}/transmission/rpc", ""
    for _ in range(300):
        try:
            result = call(url, session, magnet)["result"]
            sys.exit(None if result == "success" else result)
        except urllib.error.HTTPError as error:
            # The first call is always refused, with the id that the next one has to name.
            if error.code != 409:
                raise
            session = error.headers["X-Transmission-Session-Id"]
        except OSError:
            time.sleep(0.2)
    sys.exit("the daemon takes no calls")


main(*sys.argv[1:])
