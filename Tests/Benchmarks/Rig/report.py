"""The tables."""
import os
import statistics

MiB = 1 << 20
OURS, REFERENCE = "swift-torrent", "C reference"


def machine():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return (f"{models[0] if models else os.uname().machine}, {os.cpu_count()} CPUs, "
            f"Linux {os.uname().release}")


def median(runs, key):
    return statistics.median(getattr(run, key) for run in runs)


def rate(runs, size):
    """MiB for each second of CPU time."""
    return size / MiB / max(median(runs, "cpu"), 0.001)


def table(name, scenario, size, results):
    """Markdown for one scenario; `results` has the runs of each client."""
    good = {client: [run for run in runs if not run.problem] for client, runs in results.items()}
    good = {client: runs for client, runs in good.items() if runs}
    reference = median(good[REFERENCE], "cpu") if REFERENCE in good else None
    scaled = f", of which {size / MiB:g} MiB" if size < scenario.shape.size else ""
    lines = [f"### {name}: {scenario.title}{scaled}", "",
             "| client | wall s (min to max) | CPU s (user + sys) | peak RSS MiB | MiB per CPU-s "
             "| CPU × C reference | extra bytes | switches per MiB |", "|---|---|---|---|---|---|---|---|"]
    for client, runs in results.items():
        if client not in good:
            lines.append(f"| {client} | failed: {runs[0].problem} | | | | | | |")
            continue
        lines.append(row(client, good[client], len(runs), size, reference, scenario))
    lines += ["", *comparison(good, size, reference)]
    others = [run.other for runs in good.values() for run in runs]
    if others:
        lines.append(f"CPUs busy with something else meanwhile: {statistics.median(others):.2f} "
                     f"(most: {max(others):.2f}).")
    return "\n".join(lines) + "\n"


def row(client, runs, count, size, reference, scenario):
    walls = [run.wall for run in runs]
    failed = f"; {count - len(runs)} of {count} failed" if len(runs) < count else ""
    ratio = f"{median(runs, 'cpu') / max(reference, 0.001):.2f}" if reference is not None else ""
    # A program that is done within one sample has no peak.
    peak = median(runs, "peak") / MiB
    extra = "" if scenario.is_check else f"{100 * max(0.0, median(runs, 'extra')):.1f} %"
    return (f"| {client} | {statistics.median(walls):.2f} ({min(walls):.2f} to {max(walls):.2f}"
            f"{failed}) | {median(runs, 'cpu'):.2f} ({median(runs, 'user'):.2f} + "
            f"{median(runs, 'system'):.2f}) | {f'{peak:.0f}' if peak else '–'} "
            f"| {rate(runs, size):.0f} | {ratio} | {extra} "
            f"| {median(runs, 'switches') / (size / MiB):.2f} |")


def memory(runs):
    """The most memory in each tenth of a run, for runs that last."""
    samples = max((run.memory for run in runs), key=len, default=[])
    if len(samples) < 20:
        return ""
    tenths = [samples[len(samples) * i // 10:len(samples) * (i + 1) // 10] for i in range(10)]
    return (f"{OURS}, MiB of memory in each tenth of the run: "
            + ", ".join(f"{max(tenth) / MiB:.0f}" for tenth in tenths) + ".\n")


def calls(counts, size):
    """One sentence: the system calls, by name."""
    named = sorted(counts.items(), key=lambda pair: -pair[1])
    parts = [f"{name} {count / (size / MiB):.2f}" for name, count in named[:6]]
    return (f"{OURS}, system calls per MiB: {sum(counts.values()) / (size / MiB):.2f} "
            f"({', '.join(parts)}).\n")


def comparison(good, size, reference):
    """One sentence: our program against the best of the others, each figure by itself."""
    others = {client: runs for client, runs in good.items() if client not in (OURS, REFERENCE)}
    if OURS not in good or not (others or reference):
        return []
    ours, parts = good[OURS], []
    if others:
        leanest = max(others, key=lambda client: rate(others[client], size))
        fastest = min(others, key=lambda client: median(others[client], "wall"))
        gain = rate(ours, size) / rate(others[leanest], size)
        time = median(ours, "wall") / median(others[fastest], "wall")
        parts += [f"{gain:.2f} × the MiB per CPU-second of the best other client ({leanest})",
                  f"{time:.2f} × the wall time of the fastest other client ({fastest})"]
    if reference:
        parts.append(f"{median(ours, 'cpu') / reference:.2f} × the CPU time of the C reference")
    return [f"{OURS}: {', '.join(parts)}.", ""]
