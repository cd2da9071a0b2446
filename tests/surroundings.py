#!/usr/bin/env python3
"""What depends on where ctstats runs, and needs a system to show: a terminal, a limit of processes.

    tests/surroundings.py target/release/ctstats
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
        if (done.returncode, done.stdout, done.stderr) != (0, ever.stdout, ever.stderr):
            sys.exit("%s without threads: exit %d, says %r" % (line, done.returncode, done.stderr))
        if take(folder) != files:
            sys.exit("%s without threads: other files" % line)


def take(folder):
    """The files that a command wrote, which go away."""
    files = {}
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if not name.startswith("alone"):
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
        for test in [what_is_written_is_told, no_thread_is_needed]:
            test(binary, folder)
            print(test.__name__.replace("_", " "))


main()
