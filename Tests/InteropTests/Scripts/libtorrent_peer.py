#!/usr/bin/env python3
"""libtorrent as a command.

    libtorrent_peer.py seed  TORRENT FOLDER ADDRESS:PORT [UPLOAD_LIMIT]
    libtorrent_peer.py leech TORRENT FOLDER ADDRESS:PORT [UPLOAD_LIMIT [PEER_ADDRESS:PORT]]

TORRENT is a file or a magnet link. IPv6 addresses are in brackets. The leech dials PEER besides those
that the tracker names. With TRACKER in the environment that tracker takes the place of the torrent's
own (none if it is empty), with LSD it looks for peers in the local network, and with NO_PEX it neither
tells nor hears of other peers. RATE bounds what it sends and receives of the torrent, in bytes a
second; UPLOAD_LIMIT does not count for peers with private addresses.
"seed" prints "uploaded N" (bytes of payload) whenever N has changed, until it is ended; "leech"
prints "peer ADDRESS:PORT SOURCE..." for each peer that it connects to, the sources being among
tracker, pex and given, and exits when everything is verified and on disk.
"""
import os
import sys

import libtorrent as lt


def split(address):
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def open_torrent(path, folder, address, upload_limit):
    host = split(address)[0]
    session = lt.session({
        "listen_interfaces": address, "outgoing_interfaces": host,
        "enable_dht": False, "enable_lsd": "LSD" in os.environ,
        "enable_upnp": False, "enable_natpmp": False,
        "enable_outgoing_utp": False, "enable_incoming_utp": False,
        "upload_rate_limit": upload_limit, "stop_tracker_timeout": 1,
        "alert_mask": lt.alert.category_t.status_notification
        | lt.alert.category_t.error_notification | lt.alert.category_t.storage_notification
        | lt.alert.category_t.tracker_notification,
    })
    if path.startswith("magnet:"):
        parameters = lt.parse_magnet_uri(path)
    else:
        parameters = lt.add_torrent_params()
        parameters.ti = lt.torrent_info(path)
    parameters.save_path = folder
    if "TRACKER" in os.environ:
        parameters.trackers = [url for url in [os.environ["TRACKER"]] if url]
        parameters.flags |= lt.torrent_flags.override_trackers
    if "NO_PEX" in os.environ:
        parameters.flags |= lt.torrent_flags.disable_pex
    parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    return session, session.add_torrent(parameters)


def alerts(session, torrent):
    while True:
        session.wait_for_alert(200)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.tracker_error_alert):
                # Its own next try would be half a minute away.
                print(alert.message(), file=sys.stderr, flush=True)
                torrent.force_reannounce()
            yield alert
        yield None


def seed(session, torrent):
    uploaded = -1
    for alert in alerts(session, torrent):
        if isinstance(alert, lt.torrent_checked_alert) and not torrent.status().is_seeding:
            sys.exit("the data to seed is not complete")
        now = torrent.status().total_payload_upload
        if now != uploaded:
            uploaded = now
            print("uploaded", uploaded, flush=True)


def tell(peer, known):
    if peer.flags & (lt.peer_info.connecting | lt.peer_info.handshake) or peer.ip in known:
        return
    known.add(peer.ip)
    sources = [name for name, flag in (
        ("tracker", lt.peer_info.tracker), ("pex", lt.peer_info.pex),
        ("given", lt.peer_info.resume_data)) if peer.source & flag]
    print(f"peer {peer.ip[0]}:{peer.ip[1]}", *sources, flush=True)


def leech(session, torrent):
    flushing = False
    known = set()
    for alert in alerts(session, torrent):
        if alert is None:
            for peer in torrent.get_peer_info():
                tell(peer, known)
        if isinstance(alert, (lt.file_error_alert, lt.torrent_error_alert)):
            sys.exit(alert.message())
        if isinstance(alert, lt.torrent_finished_alert) and not flushing:
            flushing = True
            torrent.flush_cache()
        if isinstance(alert, lt.cache_flushed_alert) and flushing:
            # Everything is on disk; the session's slow tear-down has nothing to add.
            os._exit(0)


def main(kind, path, folder, address, upload_limit="0", peer=None):
    session, torrent = open_torrent(path, folder, address, int(upload_limit))
    if "RATE" in os.environ:
        torrent.set_upload_limit(int(os.environ["RATE"]))
        torrent.set_download_limit(int(os.environ["RATE"]))
    if peer:
        torrent.connect_peer(split(peer))
    {"seed": seed, "leech": leech}[kind](session, torrent)


main(*sys.argv[1:])
