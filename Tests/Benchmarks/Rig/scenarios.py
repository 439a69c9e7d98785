"""The scenarios that are measured."""
from dataclasses import dataclass, field, replace

from payload import Shape

MiB = 1 << 20
KiB = 1 << 10


@dataclass(frozen=True)
class Seeds:
    count: int
    behaviour: str = ""  # options of the seeder


@dataclass(frozen=True)
class Scenario:
    title: str
    shape: Shape
    seeds: list = field(default_factory=list)  # none: the data is complete, and only checked
    window: int = 250  # blocks that the C reference asks each seed for
    has_reference: bool = True  # the reference is for honest seeds that are about as fast
    rate: int = 0  # bytes a second that swift-torrent takes, alone, for the given minutes

    @property
    def is_check(self):
        return not self.seeds


    def lasting(self, minutes):
        """The same with as many bytes as the rate brings in that time."""
        size = int(self.rate * 60 * minutes) if self.rate else self.shape.size
        return replace(self, shape=replace(self.shape, size=size))


BIG = Shape(1024 * MiB, 256 * KiB)

SCENARIOS = {
    "S1": Scenario("one fast seed, 1 GiB in pieces of 256 KiB", BIG, [Seeds(1)]),
    "S2": Scenario("16 fast seeds, 1 GiB", BIG, [Seeds(16)]),
    "S3": Scenario("4 fast seeds, 4 GiB in pieces of 4 MiB",
                   Shape(4096 * MiB, 4 * MiB), [Seeds(4)], window=512),
    "S4": Scenario("one fast seed and 50 at 1 MiB/s, 1 GiB", BIG,
                   [Seeds(50, "--rate 1M"), Seeds(1)], has_reference=False),
    "S5": Scenario("4 seeds that answer 100 ms late, 256 MiB", Shape(256 * MiB, 256 * KiB),
                   [Seeds(4, "--latency 100")], window=2000),
    "S6": Scenario("8 seeds at 20 MiB/s, 2 of them send 5 % wrong blocks, 2 hang up after 8 MiB; "
                   "512 MiB", Shape(512 * MiB, 256 * KiB),
                   [Seeds(4, "--rate 20M"), Seeds(2, "--rate 20M --corrupt 5"),
                    Seeds(2, "--rate 20M --drop-after 8M")], has_reference=False),
    "S7": Scenario("one fast seed and 20 at 20 KiB/s, 256 MiB", Shape(256 * MiB, 256 * KiB),
                   [Seeds(20, "--rate 20K"), Seeds(1)], has_reference=False),
    "S8": Scenario("2,000 files, 512 MiB, 4 fast seeds", Shape(512 * MiB, 256 * KiB, files=2000),
                   [Seeds(4)]),
    "S9": Scenario("check of 4 GiB that are complete", Shape(4096 * MiB, 4 * MiB),
                   has_reference=False),
    "S10": Scenario("500 seeds at 200 KiB/s, 512 MiB", Shape(512 * MiB, 256 * KiB),
                    [Seeds(500, "--rate 200K")], window=16),
    "S11": Scenario("start and end: 1 MiB from one fast seed", Shape(1 * MiB, 32 * KiB),
                    [Seeds(1)]),
}

DEFAULT = ["S1", "S2", "S5", "S7", "S8", "S9", "S11"]


def text(size):
    return f"{size // MiB} MiB" if size >= MiB else f"{size // KiB} KiB"


def grid():
    """Pieces of every length from few and from many seeds, for their cost in memory."""
    return {f"P{text(piece).replace(' ', '')[:-2]}x{count}": Scenario(
        f"{count} fast seed{'s' if count > 1 else ''}, 1 GiB in pieces of {text(piece)}",
        Shape(1024 * MiB, piece), [Seeds(count)], has_reference=False)
        for piece in (16 * KiB, 256 * KiB, MiB, 4 * MiB, 16 * MiB) for count in (1, 16, 50)}


def delays():
    """Seeds that answer late, or much too late."""
    return {f"D{delay}": Scenario(
        f"4 seeds that answer {delay} ms late, 256 MiB", Shape(256 * MiB, 256 * KiB),
        [Seeds(4, f"--latency {delay}")], has_reference=False) for delay in (0, 10, 30, 300)}


# The names for `--scenario NAME` besides those above, which are "all".
GROUPS = {
    "all": SCENARIOS,
    "grid": grid(),
    "delays": delays(),
    "swarms": {
        "crowd": Scenario("1,000 seeds at 100 KiB/s, 512 MiB", Shape(512 * MiB, 256 * KiB),
                          [Seeds(1000, "--rate 100K")], has_reference=False),
        "parts": Scenario("40 seeds at 4 MiB/s with a tenth of the pieces each, 512 MiB",
                          Shape(512 * MiB, 256 * KiB), [Seeds(40, "--rate 4M --share 20")],
                          has_reference=False),
        # A seed that hung up takes connections at once, and is dialled again after ten seconds, or
        # at once after it has brought a MiB.
        "churn": Scenario("200 seeds that hang up after 4 to 60 s and come back, at 4 MiB/s in all",
                          Shape(0, 256 * KiB),
                          [Seeds(50, f"--rate 64K --drop-after {size}K")
                           for size in (256, 512, 1024, 3840)],
                          has_reference=False, rate=4 * MiB),
    },
}
KNOWN = {name: scenario for group in GROUPS.values() for name, scenario in group.items()}
