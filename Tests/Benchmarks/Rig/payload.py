"""Random data, the torrent of it, and the check of a client's copy of it."""
import hashlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

CHUNK = 1 << 20


def bencode(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    pairs = sorted((key.encode(), item) for key, item in value.items())
    return b"d" + b"".join(bencode(key) + bencode(item) for key, item in pairs) + b"e"


@dataclass(frozen=True)
class Shape:
    size: int
    piece_length: int
    files: int = 0  # 0: one file without a folder

    def layout(self):
        """The path of each file below the torrent's folder, and its length."""
        if not self.files:
            return [("payload", self.size)]
        # Lengths differ by a factor of up to 16, the same in every run.
        weights = [1 + hashlib.sha256(b"%d" % i).digest()[0] / 17 for i in range(self.files)]
        scale, left, layout = self.size / sum(weights), self.size, []
        for i, weight in enumerate(weights):
            length = left if i == self.files - 1 else min(left, int(weight * scale))
            layout.append((f"payload/folder{i // 100:03}/file{i:05}", length))
            left -= length
        return layout

    def scaled(self, size):
        """The same with no more bytes than that, and files of the same mean length."""
        if size >= self.size:
            return self
        files = max(2, self.files * size // self.size) if self.files else 0
        return Shape(size, min(self.piece_length, max(1 << 14, size // 16)), files)


@dataclass
class Payload:
    shape: Shape
    folder: Path
    info_hash: str = ""
    layout: list = field(default_factory=list)

    @property
    def flat(self):
        """All bytes in one file, for the seeder and for the check."""
        return self.folder / "flat"

    @property
    def data(self):
        """The folder that a client would have been told to download to."""
        return self.folder / "data"

    @property
    def torrent(self):
        return self.folder / "payload.torrent"

    @property
    def hashes(self):
        return self.folder / "hashes"

    def make(self, tracker, with_data):
        self.folder.mkdir(parents=True)
        self.layout = self.shape.layout()
        hashes = self._write_flat()
        self.hashes.write_bytes(hashes)
        info = {"name": "payload", "piece length": self.shape.piece_length, "pieces": hashes}
        if self.shape.files:
            info["files"] = [{"length": length, "path": path.split("/")[1:]}
                             for path, length in self.layout]
        else:
            info["length"] = self.shape.size
        self.info_hash = hashlib.sha1(bencode(info)).hexdigest()
        self.torrent.write_bytes(bencode({"announce": tracker, "info": info}))
        if with_data:
            self._write_data()
        return self

    def _write_flat(self):
        hashes = []
        with open(self.flat, "wb") as flat:
            for begin in range(0, self.shape.size, self.shape.piece_length):
                piece = os.urandom(min(self.shape.piece_length, self.shape.size - begin))
                hashes.append(hashlib.sha1(piece).digest())
                flat.write(piece)
        return b"".join(hashes)

    def _write_data(self):
        if not self.shape.files:
            self.data.mkdir()
            os.link(self.flat, self.data / self.layout[0][0])
            return
        with open(self.flat, "rb") as flat:
            for path, length in self.layout:
                target = self.data / path
                target.parent.mkdir(parents=True, exist_ok=True)
                with open(target, "wb") as file:
                    while length:
                        chunk = flat.read(min(CHUNK, length))
                        file.write(chunk)
                        length -= len(chunk)

    def problem_with(self, folder):
        """The fault of a download, or None when every byte is right."""
        with open(self.flat, "rb", buffering=0) as flat:
            for path, length in self.layout:
                target = folder / path
                if not target.is_file():
                    return f"{path} is missing"
                if target.stat().st_size != length:
                    return f"{path} has {target.stat().st_size} bytes, not {length}"
                with open(target, "rb", buffering=0) as file:
                    while length:
                        step = min(CHUNK, length)
                        if file.read(step) != flat.read(step):
                            return f"{path} has wrong bytes"
                        length -= step
        return None

    def remove(self):
        shutil.rmtree(self.folder)
