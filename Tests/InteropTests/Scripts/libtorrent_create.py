#!/usr/bin/env python3
"""Prints the info-hash of the version 1 torrent that libtorrent makes of a file or folder.

    libtorrent_create.py PATH PIECE_LENGTH [private]

The files are given to it in the order of their paths' bytes; symbolic links are left out.
"""
import os
import sys

import libtorrent


def files_of(path):
    if not os.path.isdir(path):
        return [path]
    found = []
    for folder, _, names in os.walk(path):
        found += [os.path.join(folder, name) for name in names]
    return sorted(
        (name for name in found if not os.path.islink(name)),
        key=lambda name: os.fsencode(os.path.relpath(name, path)).split(b"/"))


def main(path, piece_length, *flags):
    path = os.path.abspath(path)
    parent = os.path.dirname(path)
    storage = libtorrent.file_storage()
    for name in files_of(path):
        executable = os.stat(name).st_mode & 0o100
        storage.add_file(
            os.path.relpath(name, parent), os.path.getsize(name),
            libtorrent.file_flags_t.flag_executable if executable else 0)
    torrent = libtorrent.create_torrent(
        storage, int(piece_length), libtorrent.create_torrent.v1_only)
    torrent.set_priv("private" in flags)
    libtorrent.set_piece_hashes(torrent, parent)
    print(libtorrent.torrent_info(torrent.generate()).info_hashes().v1)


main(*sys.argv[1:])
