"""The programs that are compared, each with the settings for its best.

Encryption, uTP, DHT and peer exchange are off everywhere, limits on rates and peers are lifted, and
nothing is preallocated where it can be chosen.
"""
import json
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from namespace import HOST

REPOSITORY = Path(__file__).resolve().parents[3]


@dataclass
class Job:
    """One run of one client."""
    scenario: object
    payload: object
    peers: list
    folder: Path  # the folder that the data goes to, or is in
    home: Path  # configuration and logs
    signal: Path  # a FIFO that clients which never exit write to when they are done

    def script(self):
        """A program that says the job is done."""
        path = self.home / "done.sh"
        path.write_text(f"#!/bin/sh\necho done >{shlex.quote(str(self.signal))}\n")
        path.chmod(0o755)
        return path


class Client:
    exits = True  # true if it ends by itself when everything is there
    program = ""
    note = ""

    def is_available(self):
        return shutil.which(self.program) is not None

    def can_do(self, scenario):
        return not scenario.rate

    def version(self):
        return first_line([self.program, "--version"])


class SwiftTorrent(Client):
    def __init__(self, program):
        self.program = str(program)

    def can_do(self, scenario):
        return True

    def command(self, job):
        command = [self.program, str(job.payload.torrent), "--output-dir", str(job.folder)]
        if job.scenario.rate:
            command += ["--limit-down", str(job.scenario.rate)]
        # Complete data is checked like any other; with nobody to ask, that is all that happens.
        return command + (["--no-tracker"] if job.scenario.is_check else [])


class Reference(Client):
    note = "the C reference: epoll, the same hash kernels, pwrite; one thread, no decisions"

    def __init__(self, program):
        self.program = str(program)

    def can_do(self, scenario):
        return scenario.has_reference

    def version(self):
        return "Tests/Benchmarks/Reference"

    def command(self, job):
        payload = job.payload
        command = [self.program, "--piece-length", str(payload.shape.piece_length),
                   "--length", str(payload.shape.size), "--info-hash", payload.info_hash,
                   "--hashes", str(payload.hashes), "--window", str(job.scenario.window)]
        if payload.shape.files:
            layout = job.home / "layout"
            layout.write_text("".join(f"{length} {job.folder / path}\n"
                                      for path, length in payload.layout))
            command += ["--layout", str(layout)]
        else:
            command += ["--output", str(job.folder / "payload")]
        return command + [f"{host}:{port}" for host, port in job.peers]


class Aria2(Client):
    program = "aria2c"
    note = "looks at its state once a second and tries every peer encrypted first"

    def command(self, job):
        common = ["aria2c", "--no-conf", "--quiet", "--dir", str(job.folder), "--seed-time=0",
                  "--enable-dht=false", "--enable-dht6=false", "--enable-peer-exchange=false",
                  "--bt-enable-lpd=false", "--disable-ipv6=true", "--listen-port=51413"]
        if job.scenario.is_check:
            return common + ["--check-integrity=true", "--hash-check-only=true",
                             str(job.payload.torrent)]
        return common + [
            "--bt-max-peers=0", "--bt-request-peer-speed-limit=2000M", "--file-allocation=none",
            "--disk-cache=64M", "--bt-hash-check-seed=false", "--bt-max-open-files=4096",
            "--bt-min-crypto-level=plain", "--bt-require-crypto=false", "--summary-interval=0",
            "--auto-save-interval=0", str(job.payload.torrent)]


class Libtorrent(Client):
    note = "under a Python interpreter, about 0.06 s of CPU"

    def __init__(self):
        candidates = [str(REPOSITORY / ".venv/bin/python3"), sys.executable, "python3"]
        self.python = next((one for one in candidates if self._works(one)), None)

    @staticmethod
    def _works(python):
        try:
            return subprocess.run([python, "-c", "import libtorrent"],
                                  stderr=subprocess.DEVNULL).returncode == 0
        except OSError:
            return False

    def is_available(self):
        return self.python is not None

    def version(self):
        return "libtorrent " + first_line(
            [self.python, "-c", "import libtorrent; print(libtorrent.__version__)"])

    def command(self, job):
        script = Path(__file__).with_name("libtorrent_client.py")
        kind = "check" if job.scenario.is_check else "download"
        return [self.python, str(script), kind, str(job.payload.torrent), str(job.folder), HOST]


class Transmission(Client):
    exits = False
    program = "transmission-cli"
    note = "decides only every 10 s whom to ask; timed until its script runs"

    def command(self, job):
        settings = {
            "bind-address-ipv4": HOST, "peer-port": 51413, "port-forwarding-enabled": False,
            "dht-enabled": False, "lpd-enabled": False, "pex-enabled": False, "utp-enabled": False,
            "encryption": 0, "preallocation": 0, "cache-size-mb": 64, "prefetch-enabled": False,
            "peer-limit-global": 1000, "peer-limit-per-torrent": 1000,
            "speed-limit-down-enabled": False, "speed-limit-up-enabled": False,
        }
        config = job.home / "transmission"
        config.mkdir()
        (config / "settings.json").write_text(json.dumps(settings))
        check = ["--verify"] if job.scenario.is_check else []
        return ["transmission-cli", "--config-dir", str(config), "--download-dir", str(job.folder),
                "--no-portmap", "--encryption-tolerated", "--finish", str(job.script()), *check,
                str(job.payload.torrent)]


class Rtorrent(Client):
    exits = False
    program = "rtorrent"
    note = "maps its files, so that its memory counts them; timed until its event"

    def version(self):
        return first_line(["rtorrent", "-h"])

    def command(self, job):
        event = "hash_done" if job.scenario.is_check else "finished"
        settings = job.home / "rtorrent.rc"
        settings.write_text("\n".join([
            "system.daemon.set = true",
            f"directory.default.set = {job.folder}",
            f"network.bind_address.set = {HOST}",
            "network.port_range.set = 51413-51413",
            "network.port_random.set = no",
            "dht.mode.set = disable",
            "protocol.pex.set = no",
            "protocol.encryption.set = none",
            "trackers.use_udp.set = no",
            "trackers.numwant.set = 1000",
            "throttle.max_peers.normal.set = 1000",
            "throttle.min_peers.normal.set = 1000",
            "throttle.global_up.max_rate.set_kb = 0",
            "throttle.global_down.max_rate.set_kb = 0",
            "network.max_open_sockets.set = 2000",
            "network.max_open_files.set = 4096",
            "network.receive_buffer.size.set = 4M",
            "pieces.memory.max.set = 4096M",
            "pieces.hash.on_completion.set = no",
            "pieces.sync.always_safe.set = no",
            "system.file.allocate.set = 0",
            f'method.set_key = event.download.{event}, bench, "execute.nothrow.bg={job.script()}"',
            f'schedule2 = load, 0, 0, "load.start={job.payload.torrent}"',
            ""]))
        return ["rtorrent", "-n", "-o", f"import={settings}"]


def first_line(command):
    try:
        output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        output = ""
    return output.splitlines()[0].strip() if output else "unknown version"


def all_clients(swift_torrent, programs):
    return {
        "swift-torrent": SwiftTorrent(swift_torrent), "C reference": Reference(programs / "reference"),
        "aria2": Aria2(), "libtorrent": Libtorrent(), "transmission": Transmission(),
        "rtorrent": Rtorrent(),
    }
