#!/usr/bin/env python3
"""libtorrent as a command, with the settings that make it fastest here.

    libtorrent_client.py download TORRENT FOLDER ADDRESS    exits when everything is on disk
    libtorrent_client.py check    TORRENT FOLDER ADDRESS    exits with 0 when the data is complete
"""
import os
import sys

import libtorrent as lt

kind, torrent, folder, address = sys.argv[1:]
session = lt.session({
    "listen_interfaces": f"{address}:51413",
    "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
    "enable_outgoing_utp": False, "enable_incoming_utp": False,
    "in_enc_policy": 2, "out_enc_policy": 2,  # plain text
    "connection_speed": 500, "torrent_connect_boost": 255, "connections_limit": 2000,
    "smooth_connects": False, "mixed_mode_algorithm": 0,
    "max_out_request_queue": 2000, "request_queue_time": 5,
    "max_queued_disk_bytes": 64 << 20, "max_peer_recv_buffer_size": 5 << 20,
    "aio_threads": 2, "hashing_threads": 2, "checking_mem_usage": 2048, "file_pool_size": 500,
    "no_atime_storage": True, "unchoke_slots_limit": 0, "stop_tracker_timeout": 0,
    "alert_mask": lt.alert.category_t.status_notification
    | lt.alert.category_t.error_notification | lt.alert.category_t.storage_notification,
})
parameters = lt.add_torrent_params()
parameters.ti = lt.torrent_info(torrent)
parameters.save_path = folder
parameters.max_connections = 2000
parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
parameters.flags |= lt.torrent_flags.disable_pex
handle = session.add_torrent(parameters)

is_flushing = False
while True:
    session.wait_for_alert(1000)
    for alert in session.pop_alerts():
        if isinstance(alert, (lt.file_error_alert, lt.torrent_error_alert)):
            sys.exit(alert.message())
        if kind == "check" and isinstance(alert, lt.torrent_checked_alert):
            os._exit(0 if handle.status().is_seeding else 1)
        if isinstance(alert, lt.torrent_finished_alert) and not is_flushing:
            is_flushing = True
            handle.flush_cache()
        if isinstance(alert, lt.cache_flushed_alert) and is_flushing:
            # Everything is on disk; the slow end of session and interpreter is not held against it.
            os._exit(0)
