#!/usr/bin/env python3
"""A DHT of libtorrent nodes on the loopback addresses 127.0.1.1, 127.0.1.2, ...

    libtorrent_dht.py COUNT PORT ANNOUNCED_HASH SOUGHT_HASH

All nodes have the same UDP port. Prints "ready" once every node knows others. From then on one node
announces ANNOUNCED_HASH (with the TCP port 7002), and another searches for SOUGHT_HASH again and
again and prints "found ADDRESS:PORT" for each new peer, until this program is ended.
"""
import sys
import time

import libtorrent as lt

count, port = int(sys.argv[1]), int(sys.argv[2])
announced, sought = (lt.sha1_hash(bytes.fromhex(text)) for text in sys.argv[3:5])
addresses = [f"127.0.1.{number + 1}" for number in range(count)]


def make_node(address):
    return lt.session({
        "listen_interfaces": f"{address}:{port}", "enable_dht": True,
        "dht_bootstrap_nodes": "" if address == addresses[0] else f"{addresses[0]}:{port}",
        "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "enable_incoming_utp": True, "enable_outgoing_utp": False,
        "dht_restrict_routing_ips": False, "dht_restrict_search_ips": False,
        "dht_prefer_verified_node_ids": False, "dht_enforce_node_id": False,
        "dht_ignore_dark_internet": False, "dht_block_ratelimit": 1000,
        "dht_upload_rate_limit": 1000000, "dht_max_dht_items": 0,
        "alert_mask": lt.alert.category_t.dht_notification
        | lt.alert.category_t.dht_operation_notification
        | lt.alert.category_t.error_notification,
    })


def known(node):
    node.post_dht_stats()
    node.post_session_stats()
    most = 0
    node.wait_for_alert(200)
    for alert in node.pop_alerts():
        if isinstance(alert, lt.session_stats_alert):
            most = max(most, alert.values["dht.dht_nodes"])
    return most


nodes = [make_node(address) for address in addresses]
lonely = set(range(count))
while lonely:
    for number in sorted(lonely):
        if known(nodes[number]) >= 3:
            lonely.discard(number)
    if lonely:
        for number in lonely:
            nodes[number].add_dht_node((addresses[(number + 7) % count], port))
            nodes[number].add_dht_node((addresses[0], port))
    print("lonely", len(lonely), flush=True)
print("ready", flush=True)

speaker, seeker = nodes[count // 3], nodes[2 * count // 3]
found = set()
last = 0.0
while True:
    if time.monotonic() - last > 2:
        last = time.monotonic()
        speaker.dht_announce(announced, 7002, 0)
        seeker.dht_get_peers(sought)
    for node in nodes:
        if node is not seeker:
            node.pop_alerts()
    seeker.wait_for_alert(200)
    for alert in seeker.pop_alerts():
        if isinstance(alert, lt.dht_get_peers_reply_alert) and alert.info_hash == sought:
            for address, tcp_port in alert.peers():
                if (address, tcp_port) not in found:
                    found.add((address, tcp_port))
                    print(f"found {address}:{tcp_port}", flush=True)
