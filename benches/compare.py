#!/usr/bin/env python3
"""Times ctstats and real Pympler in turn on dumps made with Pympler's own classes.

    python3 -m venv /tmp/pympler && /tmp/pympler/bin/pip install pympler==1.1
    cargo build --release
    /tmp/pympler/bin/python benches/compare.py [--rounds N] [--folder DIR] [--quick | --linear | --native | --html | --analyses]

Makes the dumps with gen_scale.py (once, in DIR), then runs N rounds; in each round
every ctstats command three times, and Pympler, one after the other, each in a process of
its own, all with their output into /dev/null. Pympler loads once a round, and what it
does after that is timed inside the process: its figure for a command is the load plus
that. Prints medians, ratios, peak memory.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CTSTATS = os.path.join(HERE, "..", "target", "release", "ctstats")

DUMPS = {
    "1M objects, 12 snapshots": ["--objects", "1000000", "--snapshots", "12", "--classes", "200"],
    "100k objects, traces, detail 2": ["--objects", "100000", "--traces", "--detail", "2"],
}
TRACES = [*DUMPS["1M objects, 12 snapshots"], "--traces"]
QUICK = {"10k objects": ["--objects", "10000"], "100k objects": ["--objects", "100000"]}

COMMANDS = {
    "print --sort size --limit 20": ["print", "--sort", "size", "--limit", "20"],
    "summary": ["summary"],
    "print --format pympler": ["print", "--format", "pympler"],
}

PYMPLER = """
import os, sys, time
from pympler.classtracker_stats import ConsoleStats
out = open(os.devnull, "w")
def timed(name, call):
    start = time.perf_counter(); call(); print(name, time.perf_counter() - start, sep="\\t", flush=True)
stats = ConsoleStats(stream=out)
timed("load", lambda: stats.load_stats(sys.argv[1]))
timed("print --sort size --limit 20", lambda: stats.sort_stats("size").print_stats(limit=20))
timed("summary", stats.print_summary)
stats.sorted = []
timed("print --format pympler", lambda: stats.print_stats(limit=10 ** 9))
os._exit(0)
"""


def run(argv, output=subprocess.DEVNULL, statuses=(0,)):
    """Wall seconds, peak MB and, with a pipe, what was printed."""
    start = time.perf_counter()
    process = subprocess.Popen(argv, stdout=output, stderr=subprocess.DEVNULL)
    text = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in statuses:
        sys.exit("%s failed with status %d" % (argv[:3], status))
    return time.perf_counter() - start, usage.ru_maxrss / 1024 * 1.048576, text


def make(folder, arguments):
    path = os.path.join(folder, "-".join(arguments).replace("--", "") + ".dump")
    if not os.path.exists(path):
        subprocess.run([sys.executable, os.path.join(HERE, "gen_scale.py"), path, *arguments],
                       check=True, stderr=subprocess.DEVNULL)
    return path


def linear(options):
    """ctstats alone, from ten thousand to a million objects."""
    print("| objects | file | `summary` | for each MB | peak memory of the file |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for count in 10_000, 100_000, 1_000_000:
        path = make(options.folder, ["--objects", str(count), "--snapshots", "12", "--classes", "200"])
        size = os.path.getsize(path) / 1e6
        runs = [run([CTSTATS, "summary", path]) for _ in range(2 * options.rounds + 1)]
        seconds = statistics.median(seconds for seconds, _, _ in runs)
        print("| %s | %.1f MB | %.3f s | %.2f ms | %.2f |" % (
            format(count, ","), size, seconds, seconds / size * 1e3, max(peak for _, peak, _ in runs) / size))


def native(options):
    """ctstats alone: its own format against the pickle, command by command in turn."""
    print("| dump | pickle | native | zstd | load | convert | `summary` of either | `print --sort size --limit 20` |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, arguments in {**DUMPS, "1M objects, traces": TRACES}.items():
        pickle = make(options.folder, arguments)
        files = {"pickle": pickle, "native": pickle + ".bin", "zstd": pickle + ".bin.zst"}
        figures = {}
        peaks = {}
        for _ in range(2 * options.rounds + 1):
            commands = {"load": ["info", pickle], "convert": ["convert", pickle, files["native"]]}
            for kind in "pickle", "native":
                for command in "summary", "print --sort size --limit 20":
                    commands[kind, command] = [*COMMANDS[command], files[kind]]
            for command, argv in commands.items():
                seconds, megabytes, _ = run([CTSTATS, *argv])
                figures.setdefault(command, []).append(seconds)
                peaks[command] = max(peaks.get(command, 0), megabytes)
        run([CTSTATS, "convert", pickle, files["zstd"]])
        size = {kind: os.path.getsize(path) / 1e6 for kind, path in files.items()}
        median = {command: statistics.median(runs) for command, runs in figures.items()}
        of_either = []
        for command in "summary", "print --sort size --limit 20":
            a, b = median["pickle", command], median["native", command]
            of_either.append("%.3f s, %.3f s (%.0f×, %.0f MB)" % (a, b, a / b, peaks["native", command]))
        print("| %s | %.0f MB | %.0f MB (%.2f) | %.0f MB (%.3f) | %.2f s | %.2f s (%.0f %%) | %s |" % (
            name, size["pickle"], size["native"], size["native"] / size["pickle"], size["zstd"],
            size["zstd"] / size["pickle"], median["load"], median["convert"],
            100 * median["load"] / median["convert"], " | ".join(of_either)), flush=True)


ANALYSES = {
    "diff": ["diff"],
    "diff --referents": ["diff", "--referents"],
    "leaks": ["leaks"],
    "sites": ["sites"],
    "sites --folded": ["sites", "--folded"],
    "check --no-leaks --max-bytes '*=1GiB'": ["check", "--no-leaks", "--max-bytes", "*=1GiB"],
    "summary --lifetimes": ["summary", "--lifetimes"],
}


def analyses(options):
    """ctstats alone: what the analyses take of what loading and `summary` take, in turn, on a pickle and its native file."""
    dumps = {**DUMPS, "1M objects, traces": TRACES}
    commands = {"summary": ["summary"], **ANALYSES}
    cells = {command: [] for command in commands}
    for arguments in dumps.values():
        pickle = make(options.folder, arguments)
        run([CTSTATS, "convert", pickle, pickle + ".bin"])
        figures, peaks = {}, {}
        for _ in range(2 * options.rounds + 1):
            for command, argv in commands.items():
                for kind, path in ("pickle", pickle), ("native", pickle + ".bin"):
                    # A gate that finds a leak exits with 3.
                    seconds, megabytes, _ = run([CTSTATS, *argv, path], statuses=(0, 3))
                    figures.setdefault((command, kind), []).append(seconds)
                    peaks[command, kind] = max(peaks.get((command, kind), 0), megabytes)
        median = {key: statistics.median(runs) for key, runs in figures.items()}
        for command in commands:
            a, b = median[command, "pickle"], median[command, "native"]
            cells[command].append("%.2f s (%.2f) | %.3f s (%.1f×, %.0f MB)" % (
                a, a / median["summary", "pickle"], b, b / median["summary", "native"], peaks[command, "native"]))
    print("| command | " + " | ".join("%s | native" % name for name in dumps) + " |")
    print("| --- |" + " ---: | ---: |" * len(dumps))
    for command in commands:
        print("| `%s` | %s |" % (command, " | ".join(cells[command])))


PYMPLER_HTML = """
import os, sys, time
from pympler.classtracker_stats import HtmlStats
# Its charts fail with today's matplotlib, so it is timed without them.
import pympler.classtracker_stats as module
for name in "create_snapshot_chart", "create_lifetime_chart", "create_pie_chart":
    setattr(HtmlStats, name, lambda self, *a, **k: "")
stats = HtmlStats()
start = time.perf_counter(); stats.load_stats(sys.argv[1]); print("load", time.perf_counter() - start, sep="\\t")
start = time.perf_counter(); stats.create_html(sys.argv[2]); print("html", time.perf_counter() - start, sep="\\t", flush=True)
os._exit(0)
"""


def folder_bytes(page):
    folder = page.replace(".html", "_files")
    files = [page] + [os.path.join(folder, name) for name in (os.listdir(folder) if os.path.isdir(folder) else [])]
    return sum(os.path.getsize(path) for path in files)


def html(options):
    """The HTML report: seconds after loading, size and memory, against Pympler without its charts."""
    print("| dump | load | `html` | after loading | size | peak memory, of `summary` | Pympler after loading | its size |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, arguments in DUMPS.items():
        path = make(options.folder, arguments)
        page = os.path.join(options.folder, "report.html")
        load, report, peak, peak_summary = [], [], 0, 0
        for _ in range(2 * options.rounds + 1):
            load.append(run([CTSTATS, "info", path])[0])
            seconds, megabytes, _ = run([CTSTATS, "html", path, "-o", page])
            report.append(seconds)
            peak = max(peak, megabytes)
            peak_summary = max(peak_summary, run([CTSTATS, "summary", path])[1])
        theirs = os.path.join(options.folder, "pympler.html")
        _, _, text = run([sys.executable, "-c", PYMPLER_HTML, path, theirs], subprocess.PIPE)
        phases = dict(line.split("\t") for line in text.decode().splitlines())
        a, b = statistics.median(load), statistics.median(report)
        print("| %s | %.2f s | %.2f s | %.2f s | %.2f MB | %.0f MB, %.0f MB | %.1f s | %.0f MB |" % (
            name, a, b, b - a, folder_bytes(page) / 1e6, peak, peak_summary, float(phases["html"]),
            folder_bytes(theirs) / 1e6), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default="/tmp/ctstats-bench")
    parser.add_argument("--quick", action="store_true", help="small dumps, in half a minute")
    parser.add_argument("--linear", action="store_true", help="only how ctstats grows with the dump")
    parser.add_argument("--native", action="store_true", help="only the native format against the pickle")
    parser.add_argument("--html", action="store_true", help="only the HTML report")
    parser.add_argument("--analyses", action="store_true", help="only diff, leaks, sites, check and lifetimes")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    if options.linear:
        return linear(options)
    if options.native:
        return native(options)
    if options.html:
        return html(options)
    if options.analyses:
        return analyses(options)
    print("| dump | command | ctstats | Pympler 1.1 | faster | ctstats peak | Pympler peak |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for name, arguments in (QUICK if options.quick else DUMPS).items():
        path = make(options.folder, arguments)
        size = os.path.getsize(path) / 1e6
        ours = {command: [] for command in COMMANDS}
        theirs = {command: [] for command in COMMANDS}
        peak, their_peak = {}, 0
        for _ in range(options.rounds):
            for command, argv in 3 * list(COMMANDS.items()):
                seconds, megabytes, _ = run([CTSTATS, *argv, path])
                ours[command].append(seconds)
                peak[command] = max(peak.get(command, 0), megabytes)
            _, megabytes, text = run([sys.executable, "-c", PYMPLER, path], subprocess.PIPE)
            their_peak = max(their_peak, megabytes)
            phases = dict(line.split("\t") for line in text.decode().splitlines())
            for command in COMMANDS:
                theirs[command].append(float(phases["load"]) + float(phases[command]))
        for command in COMMANDS:
            a, b = statistics.median(ours[command]), statistics.median(theirs[command])
            print("| %s, %.0f MB | `%s` | %.2f s | %.1f s | %.0f× | %.0f MB (%.2f of the file) | %.0f MB (%.1f) |" % (
                name, size, command, a, b, b / a, peak[command], peak[command] / size, their_peak, their_peak / size), flush=True)


if __name__ == "__main__":
    main()
