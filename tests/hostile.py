#!/usr/bin/env python3
"""hostile.py BINARY [FILE …]: holds every command and form to the rule below, on
small files that were made to cost much. `.ci/run` runs it; with files it takes those instead.

The rule: the peak memory of a process is at most 64 MB and 16 bytes for each byte of the file,
unpacked. Time and output are linear in it, but for what a report must list: each kind of file is
made in two sizes, and of four times the file a command may take eight times the time and write
five times as much, or 300 bytes more for each byte more. What lists is a summary without a limit, of every class at every snapshot, also
its trend and the overview in the forms for programs, and what Pympler writes. No process panics or is killed.

The files are sound pickles that no pickler writes, and native files that lie. A table of what
went beyond the rule is printed; the exit status is then 1. With `-v` all runs are printed.
"""
import concurrent.futures
import hashlib
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import zlib

START = 64 << 20
PER_BYTE = 16
SECONDS = 30


# Pieces of pickles, protocol 4.

def text(string):
    data = string.encode() if isinstance(string, str) else string
    if len(data) < 256:
        return b"\x8c" + bytes([len(data)]) + data
    return b"X" + struct.pack("<I", len(data)) + data


def integer(value):
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if 0 <= value < 65536:
        return b"M" + struct.pack("<H", value)
    if -2 ** 31 <= value < 2 ** 31:
        return b"J" + struct.pack("<i", value)
    data = value.to_bytes(16, "little", signed=True)
    return b"\x8a\x10" + data


def seconds(value):
    return b"G" + struct.pack(">d", value)


class Pickle:
    """A pickle on its way: names what it memoizes."""

    def __init__(self):
        self.names = {}

    def put(self, name):
        """Memoizes what is on top."""
        self.names[name] = len(self.names)
        number = self.names[name]
        return b"q" + bytes([number]) if number < 256 else b"r" + struct.pack("<I", number)

    def get(self, name):
        number = self.names[name]
        return b"h" + bytes([number]) if number < 256 else b"j" + struct.pack("<I", number)

    def once(self, name, value):
        """A value that is written once and referred to from then on."""
        return self.get(name) if name in self.names else value + self.put(name)

    def key(self, name):
        return self.once(name, text(name))

    def instance(self, module, name):
        return self.once(module + name, b"c" + module.encode() + b"\n" + name.encode() + b"\n") + b")\x81"

    def state(self, **values):
        return b"}(" + b"".join(self.key(key) + value for key, value in values.items()) + b"ub"

    def asized(self, size, name=b"N", refs=b")"):
        return self.instance("pympler.asizeof", "Asized") + self.state(
            size=integer(size), flat=integer(size), name=name, refs=refs)

    def object(self, samples, birth=0.5, **more):
        values = {"id": b"K\x01", "birth": seconds(birth), "death": b"N", "repr": self.key("r"), "name": self.key("C")}
        values.update(more)
        return self.instance("pympler.classtracker", "TrackedObject") + self.state(snapshots=b"](" + samples + b"e", **values)

    def sample(self, moment, size=10, **more):
        return seconds(moment) + self.asized(size, **more) + b"\x86"

    def process(self, **more):
        return self.instance("pympler.process", "_ProcessMemoryInfo") + self.state(
            vsz=integer(10 ** 8), rss=integer(10 ** 7), available=b"\x88", **more)

    def snapshot(self, moment, desc="s", **more):
        values = {"system_total": self.process()} if "system_total" not in more else {}
        return self.instance("pympler.classtracker", "Snapshot") + self.state(
            timestamp=seconds(moment), desc=self.once("desc" + desc[:99], text(desc)), tracked_total=integer(1000),
            asizeof_total=b"K\0", overhead=b"K\0", classes=more.pop("classes", b"N"), **values, **more)


def snapshots(count, make=None):
    p = Pickle()
    one = make or (lambda p, n: p.snapshot(n + 1.0))
    return b"\x80\x04](" + b"".join(one(p, n) for n in range(count)) + b"e."


def index(p, classes):
    """A dict of class names and lists."""
    return b"\x80\x04}(" + b"".join(text(name) + b"](" + objects + b"e" for name, objects in classes) + b"u."


def one_class(p, *objects):
    return index(p, [("app.C", b"".join(objects))])


def dag(p, levels, names=("a", "b"), wide=2):
    """`wide` instances a level, each referring to all of the level below by one shared tuple."""
    made = b""
    below = b")"
    for level in range(levels):
        members = b""
        for n in range(wide):
            name = p.key("%s%d" % (names[n % len(names)], level * wide + n))
            made += p.asized(10 * (level + 1), name=name, refs=below) + p.put("n%d.%d" % (level, n)) + b"0"
            members += p.get("n%d.%d" % (level, n))
        made += b"(" + members + b"t" + p.put("g%d" % level) + b"0"
        below = p.get("g%d" % level)
    return made, below


def with_tree(made, below, p, moments, objects=1):
    """An object whose samples share a tree. What is made stands before it and is popped."""
    first = text("first") + made + b"0"
    one = b"".join(p.object(b"".join(p.sample(m, size=5000, refs=below) for m in moments)) for _ in range(objects))
    return b"\x80\x04" + first + b"}(" + text("app.C") + b"](" + one + b"eu."


KINDS = {}


def kind(*sizes, **rules):
    def add(make):
        KINDS[make.__name__] = (make, sizes, rules)
        return make
    return add


@kind(20_000, 80_000)
def empty_classes(n):
    return b"\x80\x04}(" + b"".join(text("c%d" % c) + b"]" for c in range(n)) + b"u." + snapshots(6)


@kind(3000, 12_000, listing=False)
def classes_and_snapshots(n):
    return b"\x80\x04}(" + b"".join(text("c%d" % c) + b"]" for c in range(n)) + b"u." + snapshots(n)


@kind(2000, 8000, listing=False)
def used_classes_and_snapshots(n):
    p = Pickle()
    objects = ((("c%d" % c), p.object(p.sample(c + 1.0))) for c in range(n))
    return index(p, objects) + snapshots(n)


@kind(5000, 20_000)
def used_classes(n):
    p = Pickle()
    objects = ((("c%d" % c), p.object(b"".join(p.sample(m + 1.0, size=m + c % 7) for m in range(5)))) for c in range(n))
    return index(p, objects) + snapshots(5)


@kind(150, 600, squares=True)
def few_classes_and_snapshots(n):
    return used_classes_and_snapshots(n)


@kind(2000, 8000, listing=False)
def times_to_and_fro(n):
    p = Pickle()
    objects = ((("c%d" % c), p.object(b"".join(p.sample(m + 1.0) for m in (0, c)), birth=c / 2)) for c in range(n))
    return index(p, objects) + snapshots(n, lambda p, s: p.snapshot(1.0 + (s if s % 2 else n - s)))


@kind(10, 40)
def tree_of_shared_parts(n):
    p = Pickle()
    made, below = dag(p, 40)
    return with_tree(made, below, p, [float(m + 1) for m in range(n)]) + snapshots(n)


@kind(60, 120)
def wide_tree_of_shared_parts(n):
    p = Pickle()
    made, below = dag(p, 4, names=["k"], wide=n)
    return with_tree(made, below, p, [1.0, 2.0, 3.0, 4.0]) + snapshots(4)


@kind(100_000, 400_000)
def one_referent_again_and_again(n):
    p = Pickle()
    made = p.asized(10, name=p.key("leaf")) + p.put("leaf") + b"0"
    made += b"(" + p.get("leaf") + b"2" * n + b"t" + p.put("g") + b"0"
    return with_tree(made, p.get("g"), p, [float(m + 1) for m in range(20)]) + snapshots(20)


@kind(20_000, 80_000)
def deep_tree(n):
    p = Pickle()
    made = [p.asized(1, name=p.key("leaf"))]
    for level in range(n):
        made.append(b"\x85" + p.put("below%d" % level) + b"0" + p.asized(level, name=p.key("leaf"), refs=p.get("below%d" % level)))
    return with_tree(b"".join(made) + b"\x85" + p.put("g") + b"0", p.get("g"), p, [1.0, 2.0]) + snapshots(2)


@kind(300, 1200, squares=True)
def one_trace_of_many(n):
    p = Pickle()
    frames = b"".join(b"(" + text("f%d.py" % f) + integer(f) + p.key("fn") + b"]" + p.key("s") + b"aK\0t" for f in range(n // 2))
    trace = b"](" + frames + b"e" + p.put("trace") + b"0"
    objects = [p.object(p.sample(1.0, size=30 + o % 200), trace=p.get("trace")) for o in range(n)]
    return b"\x80\x04" + trace + one_class(p, *objects)[2:] + snapshots(4)


@kind(50, 100, listing=False, squares=True)
def traces_of_shared_frames(n):
    p = Pickle()
    frames = b""
    for f in range(2 * n):
        frames += b"(" + text(("f%d.py" % f).ljust(1000, "x")) + integer(f) + text(("g%d" % f).ljust(1000, "y"))
        frames += b"]" + text(("s%d" % f).ljust(1000, "z")) + b"aK\0t" + p.put("f%d" % f) + b"0"
    turn = [p.get("f%d" % f) for f in range(2 * n)]
    objects = [p.object(p.sample(1.0), trace=b"](" + b"".join(turn[o:] + turn[:o]) + b"e") for o in range(n)]
    return b"\x80\x04" + frames + one_class(p, *objects)[2:] + snapshots(3)


@kind(4000, 16_000, listing=False)
def long_texts_of_many(n):
    """One long text each as repr, name, description, frame, class name."""
    p = Pickle()
    long = p.once("long", text("x" * 10 * n)) + b"0"
    trace = b"]((" + p.get("long") + b"K\x01" + p.get("long") + b"]" + p.get("long") + b"aK\0te" + p.put("trace") + b"0"
    objects = [p.object(p.sample(1.0) + p.sample(2.0, name=p.get("long")), repr=p.get("long"), name=p.get("long"), trace=p.get("trace"))
               for _ in range(n // 8)]
    dump = b"\x80\x04" + long + trace + b"}(" + p.get("long") + b"](" + b"".join(objects) + b"eu."
    desc = "y" * 10 * n
    return dump + snapshots(n // 8, lambda p, s: p.snapshot(s + 1.0, desc))


@kind(100_000, 400_000)
def one_object_listed_again_and_again(n):
    p = Pickle()
    return index(p, [("app.C", p.object(p.sample(1.0)) + b"2" * n)]) + snapshots(2)


@kind(20_000, 80_000)
def one_snapshot_again_and_again(n):
    p = Pickle()
    objects = one_class(p, *(p.object(p.sample(1.0)) for _ in range(10)))
    s = Pickle()
    return objects + b"\x80\x04](" + s.snapshot(1.0) + b"2" * n + b"e."


@kind(20_000, 80_000)
def samples_of_no_snapshot(n):
    p = Pickle()
    leaf = p.asized(10) + p.put("leaf") + b"0"
    samples = b"".join(seconds(m / 7) + p.get("leaf") + b"\x86" for m in range(n))
    return b"\x80\x04" + leaf + one_class(p, p.object(samples))[2:] + snapshots(4)


@kind(20_000, 80_000)
def small_objects(n):
    p = Pickle()
    return one_class(p, *(p.object(b"", birth=n - o) for o in range(n))) + snapshots(4)


@kind(1_000_000, 4_000_000)
def memo_again_and_again(n):
    return b"\x80\x04}" + b"\x94" * n + b"." + snapshots(1)


@kind(500_000, 2_000_000)
def nothing_again_and_again(n):
    """Empty lists, dicts, sets and tuples, popped."""
    return b"\x80\x04" + b"]0}0\x8f0N\x850" * (n // 8) + b"]0" * (n // 4) + b"}." + snapshots(1)


@kind(2000, 8000)
def labels_of_many_processes(n):
    labels = b"](" + b"".join(text("l") + text("%d" % label) + b"\x86" for label in range(n)) + b"e"
    make = lambda p, s: p.snapshot(s + 1.0, system_total=p.process(os_specific=p.once("labels", labels)))
    return one_class(Pickle()) + snapshots(n, make)


@kind(2000, 8000)
def source_lines_of_many_frames(n):
    p = Pickle()
    lines = p.once("lines", b"](" + p.key("line") * n + b"e") + b"0"
    frames = b"".join(b"(" + p.key("f.py") + integer(f) + p.key("fn") + p.get("lines") + b"K\0t" for f in range(n))
    return b"\x80\x04" + lines + one_class(p, p.object(p.sample(1.0), trace=b"](" + frames + b"e"))[2:] + snapshots(2)


@kind(10_000, 40_000)
def many_frames(n):
    p = Pickle()
    frames = [b"](" + b"(" + p.key("f.py") + integer(f) + p.key("fn") + b"NNte" for f in range(n)]
    return one_class(p, *(p.object(p.sample(1.0), trace=frame) for frame in frames)) + snapshots(4)


@kind(3000, 12_000)
def cached_classes(n):
    def one(p, s):
        figures = lambda c: b"}(" + p.key("sum") + integer(c) + p.key("active") + b"K\1" + p.key("avg") + b"K\1" + p.key("pct") + b"K\1u"
        return p.snapshot(s + 1.0, classes=b"}(" + b"".join(text("c%d" % c) + figures(c) for c in range(n)) + b"u")
    return one_class(Pickle()) + snapshots(3, one)


@kind(2000, 8000)
def descriptions_of_one_value(n):
    p = Pickle()
    inner = p.once("inner", b"](" + text("x" * 250) * 16 + b"e") + b"0"
    value = p.once("value", b"(" + p.get("inner") * 16 + b"t") + b"0"
    return b"\x80\x04" + inner + value + one_class(p, *(p.object(p.sample(1.0), repr=p.get("value")) for _ in range(n)))[2:] + snapshots(2)


@kind(5000, 20_000)
def wide_numbers(n):
    p = Pickle()
    one = lambda o: p.object(p.sample(1.0, size=2 ** 62 + o), id=integer(2 ** 100 + o))
    return one_class(p, *(one(o) for o in range(n))) + snapshots(4, lambda p, s: p.snapshot(s + 1.0, tracked=integer(2 ** 126)))


@kind(10_000, 40_000)
def names_of_many_referents(n):
    p = Pickle()
    refs = b"(" + b"".join(p.asized(9, name=text("k%d: x" % r)) for r in range(n)) + b"t" + p.put("g") + b"0"
    return with_tree(refs, p.get("g"), p, [1.0, 2.0, 3.0, 4.0]) + snapshots(4)


# Native files that lie.

def sections(native):
    """Name, head and rest of each section."""
    count = struct.unpack_from("<I", native, 12)[0]
    at = 16 + 40 * count + 4
    found = []
    for row in range(count):
        name, length, head = struct.unpack_from("<16sQQ", native, 16 + 40 * row)
        found.append([name.rstrip(b"\0").decode(), native[at:at + head], native[at + head:at + length]])
        at += length
    return found


def native_file(parts):
    """Of so much filling that it is not read whole."""
    parts = parts + [["filling", bytes(1 << 20), b""]]
    table = b"\x89CTSTATS" + struct.pack("<II", 2, len(parts))
    for name, head, rest in parts:
        table += struct.pack("<16sQQII", name.encode(), len(head) + len(rest), len(head), zlib.crc32(head), 0)
    return table + struct.pack("<I", zlib.crc32(table)) + b"".join(head + rest for _, head, rest in parts)


def lying(native):
    """The file itself, and the same with other totals, one by one."""
    parts = sections(native)
    yield "true", native_file(parts)
    at = [name for name, _, _ in parts].index("totals")
    head = parts[at][1]
    for place, name in enumerate(("objects", "alive", "samples", "referents", "traces")):
        for value in (1, 1 << 60):
            figures = list(struct.unpack_from("<5Q", head))
            figures[place] = value
            parts[at][1] = struct.pack("<5Q", *figures) + head[40:]
            yield "%s %d" % (name, value), native_file(parts)


def commands():
    made = {"info table": ["info"], "info json": ["info", "--format", "json"]}
    for form in "table", "json", "markdown":
        made["overview " + form] = ["overview", "--format", form]
    for form in "table", "json", "ndjson", "csv", "markdown", "pympler":
        made["print " + form] = ["print", "--format", form]
        made["summary " + form] = ["summary", "--format", form]
    for form in "table", "json", "ndjson", "csv", "markdown":
        made["lifetimes " + form] = ["summary", "--lifetimes", "--format", form]
        made["trend " + form] = ["summary", "--trend", "--format", form]
        for command in "diff", "leaks", "sites":
            made[command + " " + form] = [command, "--format", form]
        made["referents " + form] = ["diff", "--referents", "--format", form]
    made["print brief"] = ["print", "--brief"]
    made["print largest"] = ["print", "--sort", "size", "--limit", "200", "--format", "json"]
    made["summary largest"] = ["summary", "--limit", "3", "--sort", "size"]
    made["summary most"] = ["summary", "--limit", "3", "--sort", "active", "--format", "csv"]
    for by in "own", "function", "file", "class", "name", "repr":
        made["sites by-" + by] = ["sites", "--by", by]
    made["sites deep"] = ["sites", "--depth", "50", "--format", "json"]
    made["sites snapshot"] = ["sites", "--snapshot", "peak"]
    made["sites folded"] = ["sites", "--folded"]
    for form in "flamegraph", "speedscope", "pprof":
        made["sites " + form] = ["sites", "--" + form, "OUT"]
    for form in "table", "json", "junit", "github":
        made["check " + form] = ["check", "--format", form, "--max-alive", "*=1", "--max-bytes", "*=1", "--max-growth", "*=1"]
    made["check leaks"] = ["check", "--no-leaks"]
    made["html folder"] = ["html", "-o", "OUT.html"]
    made["html single"] = ["html", "--single-file", "-o", "OUT.html"]
    for to in "native", "pympler":
        made["convert " + to] = ["convert", "IN", "OUT", "--to", to]
    made["convert part"] = ["convert", "IN", "OUT", "--limit", "50%", "--to", "native"]
    made["convert gzip"] = ["convert", "IN", "OUT", "--to", "native", "--compress", "gzip"]
    made["convert redacted"] = ["convert", "IN", "OUT", "--redact", "repr,trace,desc", "--to", "pympler", "--compress", "zstd"]
    return made


class Run:
    """A process: its peak in bytes, processor seconds, bytes written, exit status, and if they
    are kept a digest of those bytes."""

    def __init__(self, binary, argv, path, folder, keep=False):
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        out = os.path.join(folder, "out")
        argv = [arg.replace("OUT", out).replace("IN", path) for arg in argv]
        if path not in argv:
            argv.insert(1, path)

        def limits():
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
            resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        with open(os.path.join(folder, "stdout"), "wb") as stdout, open(os.path.join(folder, "stderr"), "wb") as stderr:
            process = subprocess.Popen([binary] + argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, preexec_fn=limits)
            _, status, usage = os.wait4(process.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        self.peak = usage.ru_maxrss * 1024
        self.seconds = usage.ru_utime + usage.ru_stime
        files = sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
        self.written = sum(map(os.path.getsize, files))
        self.digest = hashlib.sha256()
        for path in files if keep else ():
            with open(path, "rb") as file:
                self.digest.update(file.read())
        with open(os.path.join(folder, "stderr"), errors="replace") as stderr:
            self.said = stderr.read(300).strip().replace("\n", " / ")


def unpacked(path):
    with open(path, "rb") as file:
        head = file.read(4)
    tools = {b"\x28\xb5\x2f\xfd": "zstd", b"\x1f\x8b\x08": "gzip"}
    for magic, tool in tools.items():
        if head.startswith(magic):
            process = subprocess.Popen([tool, "-dc", path], stdout=subprocess.PIPE)
            return sum(len(block) for block in iter(lambda: process.stdout.read(1 << 20), b""))
    return os.path.getsize(path)


def is_listing(command):
    command, form = command.split()
    if command in ("trend", "overview"):
        return form in ("json", "ndjson", "csv")
    return command == "summary" and form not in ("largest", "most") or form == "pympler"


class Verdicts:
    """What went beyond the rule, said as it is found."""

    def __init__(self, verbose):
        self.verbose = verbose
        self.runs = self.broken = 0

    def tell(self, wrong, name, command, size, run):
        self.runs += 1
        self.broken += bool(wrong)
        if wrong or self.verbose:
            print("%-30s %-18s of %9d bytes: %5.0f MB, %6.2f s, %8.2f MB written, status %d  %s  %s" % (
                name, command, size, run.peak / 2 ** 20, run.seconds, run.written / 1e6, run.status,
                ", ".join(wrong), run.said[:100]), flush=True)

    def of_one(self, run, size):
        wrong = []
        if run.peak > START + PER_BYTE * size:
            wrong.append("MEMORY above %.0f MB" % ((START + PER_BYTE * size) / 2 ** 20))
        if run.status == -signal.SIGXCPU:
            wrong.append("TIME")
        elif run.status not in (0, 1, 3):
            wrong.append("STATUS")
        return wrong

    def of_two(self, before, after, small, large):
        wrong = []
        growth = large / small
        if after.seconds > 2 * growth * before.seconds + .5:
            wrong.append("TIME, of a file %.1f times smaller %.2f s" % (growth, before.seconds))
        if after.written > max(1.25 * growth * before.written, before.written + 300 * (large - small)) + 1e6:
            wrong.append("OUTPUT, of a file %.1f times smaller %.2f MB" % (growth, before.written / 1e6))
        return wrong


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "-v"]
    binary = os.path.abspath(arguments[0])
    files = [argument for argument in arguments[1:] if os.path.exists(argument)]
    only = [argument for argument in arguments[1:] if argument not in files]
    verdicts = Verdicts("-v" in sys.argv)
    folder = tempfile.mkdtemp(prefix="hostile-")

    def run(argv, path, keep=False):
        return Run(binary, argv, path, os.path.join(folder, "scratch-%d" % threading.get_ident()), keep)

    def each(work):
        """All commands, on all processors."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for done in [pool.submit(work, command, argv) for command, argv in commands().items()]:
                done.result()

    def write(name, make):
        """Makes a file in a process of its own: the memory that this one takes counts for every
        process that it starts."""
        path = os.path.join(folder, name)
        maker = os.fork()
        if maker == 0:
            try:
                with open(path, "wb") as file:
                    file.write(make())
            finally:
                os._exit(not os.path.getsize(path))
        if os.waitpid(maker, 0)[1]:
            sys.exit("%s could not be made" % name)
        return path

    try:
        for path in files:
            size = unpacked(path)

            def of_file(command, argv):
                done = run(argv, os.path.abspath(path))
                verdicts.tell(verdicts.of_one(done, size), os.path.basename(path), command, size, done)
            each(of_file)
        kinds = {} if files else {name: kind for name, kind in KINDS.items() if not only or name in only}
        for name, (make, sizes, rules) in kinds.items():
            paths = [write("%s-%d.dat" % (name, n), lambda: make(n)) for n in sizes]
            small, large = map(os.path.getsize, paths)

            def of_kind(command, argv):
                lists = is_listing(command)
                if lists and not rules.get("listing", True):
                    return
                before, after = (run(argv, path) for path in paths)
                wrong = verdicts.of_one(after, large)
                if not (lists and rules.get("squares")):
                    wrong += verdicts.of_two(before, after, small, large)
                verdicts.tell(wrong, name, command, large, after)
            each(of_kind)
            for path in paths:
                os.remove(path)
        if kinds and not only:
            honest = write("honest.dat", lambda: one_trace_of_many(100))
            native = os.path.join(folder, "honest.bin")
            subprocess.run([binary, "convert", honest, native], check=True)
            with open(native, "rb") as file:
                native = file.read()
            true = {}
            for lie, data in lying(native):
                path = write("native.bin", lambda: data)

                def of_lie(command, argv):
                    done = run(argv, path, keep=True)
                    wrong = verdicts.of_one(done, len(data))
                    honest = true.setdefault(command, done.digest.hexdigest())
                    if done.digest.hexdigest() != honest and "damaged: it is not" not in done.said:
                        wrong.append("BELIEVED")
                    verdicts.tell(wrong, "native, %s" % lie, command, len(data), done)
                each(of_lie)
    finally:
        shutil.rmtree(folder)
    print("%d runs, %d beyond the rule" % (verdicts.runs, verdicts.broken))
    sys.exit(verdicts.broken > 0)


if __name__ == "__main__":
    main()
