#!/usr/bin/env python3
"""Makes random data and a version 1 torrent of it, with nothing but the standard library.

    make_torrent.py FOLDER NAME PIECE_LENGTH TRACKER SIZE            one file
    make_torrent.py FOLDER NAME PIECE_LENGTH TRACKER PATH=SIZE...    a folder of files

Writes the data to FOLDER/data and the torrent to FOLDER/NAME.torrent; prints the info-hash. An empty
TRACKER is none; the environment's WEB_SEED is a URL for BEP 19.
"""
import hashlib
import os
import random
import sys


def bencode(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    items = sorted((key.encode(), item) for key, item in value.items())
    return b"d" + b"".join(bencode(key) + bencode(item) for key, item in items) + b"e"


def main(folder, name, piece_length, tracker, *entries):
    piece_length = int(piece_length)
    source = random.Random(name)
    data = os.path.join(folder, "data")
    files = []
    content = bytearray()
    for entry in entries:
        path, _, size = entry.rpartition("=")
        body = source.randbytes(int(size))
        content += body
        target = os.path.join(data, name, path) if path else os.path.join(data, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as out:
            out.write(body)
        files.append({"length": len(body), "path": path.split("/")})
    pieces = b"".join(hashlib.sha1(content[at:at + piece_length]).digest()
                      for at in range(0, len(content), piece_length))
    info = {"name": name, "piece length": piece_length, "pieces": pieces}
    if "=" in entries[0]:
        info["files"] = files
    else:
        info["length"] = len(content)
    root = {"info": info}
    if tracker:
        root["announce"] = tracker
    if os.environ.get("WEB_SEED"):
        root["url-list"] = [os.environ["WEB_SEED"]]
    with open(os.path.join(folder, name + ".torrent"), "wb") as out:
        out.write(bencode(root))
    print(hashlib.sha1(bencode(info)).hexdigest())


main(*sys.argv[1:])
