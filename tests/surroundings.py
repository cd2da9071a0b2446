#!/usr/bin/env python3
"""What depends on where ctstats runs, and needs a system to show: a terminal, limits of processes and memory.

    /tmp/pympler/bin/python tests/surroundings.py target/release/ctstats
"""
import os
import pty
import re
import resource
import shutil
import subprocess
import sys
import tempfile

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures")

# A user that nobody is, who has no processes.
NOBODY = 54321


def on_terminal(arguments, folder):
    """What is written to standard error if that is a terminal, and standard output."""
    ours, theirs = pty.openpty()
    out = tempfile.TemporaryFile()
    child = subprocess.Popen(arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=theirs)
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 4096):
            said += chunk
    except OSError:  # Linux says so that nobody has the other end any longer.
        pass
    os.close(ours)
    out.seek(0)
    return child.wait(), said.decode("utf-8").replace("\r\n", "\n"), out.read()


def what_is_written_is_told(binary, folder):
    """A line for each file, on a terminal only."""
    size = r"[0-9.]+ (B|KiB|MiB)"
    own = r"in ctstats' own format"
    how = r" \(--to pympler, or an ending of \.dat, \.pkl, \.pickle or \.dump, chooses Pympler's\)"
    for line, expected in [
        ("convert shop.dump service2", rf"wrote service2, {own}{how}, {size}"),
        ("convert shop.dump service.v2", rf"wrote service\.v2, {own}{how}, {size}"),
        ("convert shop.dump a.bin", rf"wrote a\.bin, {own}, {size}"),
        ("convert shop.dump a.bin.zst", rf"wrote a\.bin\.zst, {own}, zstd, {size}"),
        ("convert shop.dump service3 --to native", rf"wrote service3, {own}, {size}"),
        ("convert shop.dump a.dat.gz", rf"wrote a\.dat\.gz, in Pympler's format, gzip, {size}"),
        ("html shop.dump -o r.html", rf"wrote r\.html and 6 files in r_files, {size}"),
        ("html shop.dump -o s.html --single-file", rf"wrote s\.html, {size}"),
        ("print shop.dump -o r.txt", rf"wrote r\.txt, {size}"),
        ("sites shop.dump --folded -o f.txt --speedscope s.json", rf"wrote f\.txt, {size}\nctstats: wrote s\.json, {size}"),
        ("convert shop.dump -", None),
        ("print shop.dump", None),
        ("html shop.dump -o - --single-file", None),
        ("print shop.dump -o /dev/null", None),
    ]:
        status, said, out = on_terminal([binary, *line.split()], folder)
        pattern = "" if expected is None else "ctstats: %s\n" % expected
        if status or not re.fullmatch(pattern, said):
            sys.exit("%s: exit %d, says %r" % (line, status, said))
        quiet = subprocess.run([binary, *line.split()], cwd=folder, capture_output=True)
        if quiet.returncode or quiet.stderr or quiet.stdout != out:
            sys.exit("%s without a terminal: exit %d, says %r" % (line, quiet.returncode, quiet.stderr))


def no_thread_is_needed(binary, folder):
    """Under a limit of processes, which counts threads, all is as ever. Root has no such limit."""
    def alone():
        if os.getuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))

    if os.getuid():
        return print("not root: whether threads can be started depends on what else runs; left out")
    os.chmod(folder, 0o777)
    for line in [
        "print shop.dump -o alone.txt",
        "summary packed.gz --progress always",
        "convert shop.dump alone.bin",
        "convert packed.gz alone.dat.zst --progress always",
        "html shop.dump -o alone.html",
    ]:
        ever = subprocess.run([binary, *line.split()], cwd=folder, capture_output=True)
        files = take(folder)
        done = subprocess.run([binary, *line.split()], cwd=folder, capture_output=True, preexec_fn=alone)
        # How far it has come is said where there is a thread for it, if that takes long enough.
        remarks = [line for line in ever.stderr.splitlines() if not line.endswith(b"/s")]
        if (done.returncode, done.stdout, done.stderr.splitlines()) != (0, ever.stdout, remarks):
            sys.exit("%s without threads: exit %d, says %r" % (line, done.returncode, done.stderr))
        if take(folder) != files:
            sys.exit("%s without threads: other files" % line)


def large_dump(path):
    """A dump of 100,000 objects, 40 MB, with the classes of Pympler."""
    from pympler.asizeof import Asized
    from pympler.classtracker import ClassTracker, Snapshot, TrackedObject

    tracker = ClassTracker()
    for number in range(100_000):
        tracked = TrackedObject.__new__(TrackedObject)
        tracked.id, tracked.name, tracked.repr = 1 << 40 | number << 4, "app.Node", "<Node %d of %d>" % (number, number)
        tracked.birth, tracked.death, tracked.trace, tracked._resolution_level = 0.5, None, None, 0
        tracked.snapshots = [(moment, Asized(number + 100, 50)) for moment in (0.5, 1.0, 2.0, 3.0)]
        tracker.index["app.Node"].append(tracked)
    for moment in (1.0, 2.0, 3.0):
        tracker.snapshots.append(Snapshot(moment, "at %s" % moment))
    tracker.stats.dump_stats(path)


def too_little_memory_is_said(binary, folder):
    """Where the system gives no more memory (`ulimit -v`) a run fails, and no signal ends it. Where the
    dump is what takes it, in one line of ours, and nothing is left; elsewhere Rust says it and aborts."""
    def limited(arguments, size):
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (size, size))
        return subprocess.run([binary, *arguments], cwd=folder, capture_output=True, preexec_fn=limit)

    def least(arguments, low, high):
        while high - low > 1 << 19:
            middle = (low + high) // 2
            low, high = (low, middle) if limited(arguments, middle).returncode == 0 else (middle, high)
        return high

    large_dump(os.path.join(folder, "large.dat"))
    subprocess.run([binary, "convert", "large.dat", "large.bin"], cwd=folder, check=True)
    subprocess.run([binary, "convert", "large.dat", "large.dat.gz"], cwd=folder, check=True)
    start = least(["--version"], 0, 1 << 28)
    for line in ["summary large.dat -o alone.txt", "convert large.dat.gz alone.bin", "convert large.bin alone.dat"]:
        arguments, said, failed = line.split(), 0, 0
        enough = least(arguments, start, 1 << 30)
        take(folder)
        steps = range(start, enough - (1 << 20), (enough - start) // 10)
        for size in steps:
            take(folder, ".ctstats")
            done = limited(arguments, size)
            error = done.stderr.decode("utf-8")
            if done.returncode == 0:
                # A thread that got no memory is done without, which may be what was missing.
                take(folder)
                continue
            if done.returncode != 1 or done.stdout:
                sys.exit("%s in %d bytes: exit %d, says %r" % (line, size, done.returncode, error))
            failed += 1
            if re.fullmatch(r"ctstats: .*not enough memory.*\n", error):
                said += 1
                if any(name.startswith((".ctstats", "alone")) for name in os.listdir(folder)):
                    sys.exit("%s in %d bytes: leaves a file" % (line, size))
            elif not error.startswith("memory allocation of "):
                sys.exit("%s in %d bytes: says %r" % (line, size, error))
        if failed < 5 or said < failed // 3:
            sys.exit("%s: said by us in %d of %d failures" % (line, said, failed))


def take(folder, begins="alone"):
    """The files that a command wrote, which go away."""
    files = {}
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if not name.startswith(begins):
            continue
        if os.path.isdir(path):
            for page in os.listdir(path):
                with open(os.path.join(path, page), "rb") as file:
                    files[name, page] = file.read()
            shutil.rmtree(path)
        else:
            with open(path, "rb") as file:
                files[name] = file.read()
            os.remove(path)
    return files


def main():
    with tempfile.TemporaryDirectory() as folder:
        # Where nobody may not look, nobody cannot run anything.
        binary = shutil.copy(sys.argv[1], folder)
        shutil.copy(os.path.join(FIXTURES, "shop.dump"), folder)
        shutil.copy(os.path.join(FIXTURES, "invalid/packed-gz.bin"), os.path.join(folder, "packed.gz"))
        for test in [what_is_written_is_told, no_thread_is_needed, too_little_memory_is_said]:
            test(binary, folder)
            print(test.__name__.replace("_", " "), flush=True)


main()
