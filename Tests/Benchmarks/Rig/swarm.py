"""The seeds and the tracker that the clients of a scenario find."""
import ipaddress
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from namespace import HOST, seed_address
from payload import bencode

TRACKER_PORT = 6969
TRACKER = f"http://{HOST}:{TRACKER_PORT}/announce"
SEED_PORT = 7000


class Tracker:
    """Names all seeds to whoever asks."""

    def __init__(self, peers):
        compact = b"".join(ipaddress.ip_address(host).packed + port.to_bytes(2, "big")
                           for host, port in peers)
        answer = bencode({"interval": 1800, "complete": len(peers), "peers": compact})

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet, sent when the answer is whole

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 64

            def handle_error(self, *_):
                pass  # a client that ends does not wait for the answer to its farewell

        self.server = Server((HOST, TRACKER_PORT), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Swarm:
    def __init__(self, scenario, payload, programs):
        command = [str(programs / "seeder"), "--payload", str(payload.flat), "--piece-length",
                   str(payload.shape.piece_length), "--info-hash", payload.info_hash]
        self.peers = []
        for seeds in scenario.seeds:
            start = len(self.peers)
            hosts = [seed_address(i) for i in range(start, start + seeds.count)]
            command += ["--at", f"{hosts[0]}-{hosts[-1]}:{SEED_PORT}", *seeds.behaviour.split()]
            self.peers += [(host, SEED_PORT) for host in hosts]
        self.seeder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if self.seeder.stdout.readline() != "READY\n":
            raise SystemExit("the seeder did not start")
        self.tracker = Tracker(self.peers)

    def bytes_sent(self):
        self.seeder.send_signal(signal.SIGUSR1)
        return int(self.seeder.stdout.readline())

    def stop(self):
        self.tracker.stop()
        self.seeder.kill()
        self.seeder.communicate()
