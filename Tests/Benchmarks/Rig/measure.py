"""One run of one program, and its cost."""
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from clients import Job


@dataclass
class Figures:
    wall: float  # seconds from the start to the exit, or to the word that all is there
    user: float
    system: float
    peak: int  # bytes of memory (VmHWM)
    other: float  # CPUs that did something else meanwhile: neither this program nor the seeder
    switches: int  # the number of times that it left a CPU, of its own accord or not
    memory: list  # its bytes of memory, in the order of time
    extra: float = 0.0  # payload sent beyond the torrent's, as a fraction of it
    problem: str = ""

    @property
    def cpu(self):
        return self.user + self.system

    def to_json(self):
        return {**asdict(self), "cpu": self.cpu}


def machine_time():
    """Seconds of CPU time that the whole machine has spent."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, soft = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


def process_time(pid):
    """Seconds of CPU time that a process has spent."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid):
    """VmHWM and VmRSS. Not the rusage's figure, which counts the process before `exec` as well: us."""
    try:
        lines = [line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    except OSError:
        lines = []
    sizes = {words[0]: int(words[1]) << 10 for words in lines if words[0] in ("VmHWM:", "VmRSS:")}
    return sizes.get("VmHWM:", 0), sizes.get("VmRSS:", 0)


def run_process(command, job, exits, timeout):
    """Runs a client until it is done."""
    os.mkfifo(job.signal)
    done = os.open(job.signal, os.O_RDWR | os.O_NONBLOCK)
    with open(job.home / "log", "wb") as log:
        busy = machine_time()
        start = time.monotonic()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=job.home,
            env={**os.environ, "HOME": str(job.home)}, start_new_session=True)
    process = os.pidfd_open(child.pid)
    try:
        ready, peak, memory = set(), 0, []
        while not ready and time.monotonic() - start < timeout:
            pause = 0.002 if time.monotonic() - start < 0.2 else 0.02
            ready = set(select.select([process, done], [], [], pause)[0])
            wall = time.monotonic() - start
            highest, current = memory_of(child.pid)
            peak = max(peak, highest)
            # Once a second is enough for a long run; a short one has the peak.
            if current and wall > len(memory):
                memory.append(current)
    finally:
        if process not in ready:
            end(child.pid, process)
        status, usage = os.wait4(child.pid, 0)[1:]
        child.returncode = os.waitstatus_to_exitcode(status)
        os.close(process)
        os.close(done)
    figures = Figures(wall, usage.ru_utime, usage.ru_stime, peak, machine_time() - busy,
                      usage.ru_nvcsw + usage.ru_nivcsw, memory)
    if not ready:
        figures.problem = f"not done after {timeout} s"
    elif done not in ready and (not exits or child.returncode != 0):
        figures.problem = f"ended with {child.returncode}"
    return figures


def end(pid, process):
    """Ends a client and its children, the soft way first."""
    os.killpg(pid, signal.SIGTERM)
    if not select.select([process], [], [], 10)[0]:
        os.killpg(pid, signal.SIGKILL)


def measure(client, scenario, payload, swarm, folder, timeout, prefix=()):
    """One run in a fresh folder, by way of a program before it; the data is verified and removed."""
    base = Path(tempfile.mkdtemp(prefix="run-", dir=folder))
    home = base / "home"
    home.mkdir()
    target = payload.data if scenario.is_check else base / "data"
    target.mkdir(exist_ok=True)
    job = Job(scenario, payload, swarm.peers if swarm else [], target, home, home / "done")
    sent = swarm.bytes_sent() if swarm else 0
    seeder = process_time(swarm.seeder.pid) if swarm else 0
    figures = run_process([*prefix, *client.command(job)], job, client.exits, timeout)
    if swarm:
        figures.extra = (swarm.bytes_sent() - sent) / payload.shape.size - 1
        figures.other -= process_time(swarm.seeder.pid) - seeder
    figures.other = max(0.0, figures.other - figures.cpu) / figures.wall
    figures.problem = figures.problem or payload.problem_with(target) or ""
    if figures.problem:
        said = (home / "log").read_text(errors="replace").strip().splitlines()
        figures.problem += f" ({said[-1]})" if said else ""
    shutil.rmtree(base)
    return figures


def system_calls(client, scenario, payload, swarm, folder, timeout):
    """One more run under strace: the number of system calls of each name; empty when it failed."""
    counts = folder / "calls"
    prefix = ["strace", "--follow-forks", "--summary-only", "--summary-columns=calls,name",
              "--output", str(counts)]
    run = measure(client, scenario, payload, swarm, folder, timeout, prefix)
    lines = [line.split() for line in counts.read_text().splitlines()] if counts.exists() else []
    counts.unlink(missing_ok=True)
    if run.problem:
        return {}
    return {words[1]: int(words[0]) for words in lines
            if len(words) == 2 and words[0].isdigit() and words[1] != "total"}
