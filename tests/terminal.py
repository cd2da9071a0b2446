"""Tables are as wide as the terminal, on whichever stream it is, and coloured if it can; long ones go through a
pager, as git's do. Needs a Unix, and less."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

COMMAND = [sys.argv[1], "summary", "fixtures/shop.dump", "--snapshot", "last", "--progress", "never"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "PAGER", "CTSTATS_PAGER", "LESS", "LV", "LESSCHARSET")}
ENVIRONMENT["TERM"] = "dumb"


def plain(width):
    """What a page of this width is."""
    return subprocess.run([*COMMAND, "--width", str(width)], capture_output=True, check=True).stdout


def terminal(columns):
    """Both ends of a terminal of so many columns."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    return outer, inner


def shown(columns, streams, environment=None):
    """What is written to standard output if these of the streams are a terminal."""
    outer, inner = terminal(columns)
    where = {name: subprocess.DEVNULL for name in ("stdin", "stderr")}
    where["stdout"] = subprocess.PIPE
    where.update({name: inner for name in streams})
    process = subprocess.Popen(COMMAND, env={**ENVIRONMENT, **(environment or {})}, **where)
    os.close(inner)
    text = b""
    if "stdout" in streams:
        while True:
            try:
                more = os.read(outer, 65536)
            except OSError:  # Linux says so at the end.
                break
            if not more:
                break
            text += more
        text = text.replace(b"\r\n", b"\n")
    else:
        text = process.stdout.read()
    if process.wait() != 0:
        sys.exit("ctstats failed with %s on a terminal" % streams)
    os.close(outer)
    return text


assert plain(70) != plain(120) != plain(100), "the widths can be told apart"
CASES = [
    (70, ["stdout"], None, 70),
    (70, ["stdout", "stderr", "stdin"], {"COLUMNS": "100"}, 70),
    (70, ["stderr"], None, 70),
    (70, ["stdin"], None, 70),
    (70, ["stdin", "stderr"], {"COLUMNS": "100"}, 100),
    (70, ["stderr"], {"COLUMNS": "no"}, 70),
    (20, ["stderr"], None, 60),
    (70, [], None, 120),
    (0, ["stdout"], None, 120),  # a terminal that does not know
    (0, ["stdout"], {"COLUMNS": "70"}, 70),
]
for columns, streams, environment, width in CASES:
    if shown(columns, streams, environment) != plain(width):
        sys.exit("a terminal of %d columns on %s with %s is not taken for %d" % (columns, streams, environment, width))
for variables, is_coloured in [
    ({"TERM": "xterm", "PAGER": "cat"}, True),
    ({"TERM": "dumb"}, False),
    ({"TERM": "xterm", "PAGER": "cat", "NO_COLOR": "1"}, False),
]:
    if (b"\x1b[" in shown(80, ["stdout"], variables)) != is_coloured:
        sys.exit("a terminal with %s is%s coloured" % (variables, " not" if is_coloured else ""))
print(len(CASES), "terminals are taken as they are")


# A pager that does with an interrupt what less does: it goes on until its user leaves it.
PAGER = """
import signal, sys
signal.signal(signal.SIGINT, lambda *_: print("INTERRUPTED", flush=True))
print("READY", flush=True)
while sys.stdin.buffer.readline():
    if sys.argv[1:] == ["stop"]:
        break
with open("/dev/tty") as keys:
    keys.readline()
print("LEFT", flush=True)
"""


class Session:
    """ctstats as the leader of a terminal of its own, so that keys reach it."""

    def __init__(self, arguments, environment):
        self.child, self.outer = pty.fork()
        if self.child == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            os.execve(COMMAND[0], [COMMAND[0], *arguments], {**ENVIRONMENT, "TERM": "xterm", **environment})
        self.text = b""

    def read(self, until=None, seconds=20):
        """What has been shown when a text has; without one, in the end."""
        end = time.monotonic() + seconds
        while until is None or until not in self.text:
            if not select.select([self.outer], [], [], max(0, end - time.monotonic()))[0]:
                sys.exit("waits for %r in vain; shown is %r" % (until, self.text[-500:]))
            try:
                more = os.read(self.outer, 65536)
            except OSError:
                more = b""
            if not more:
                break
            self.text += more
        return self.text

    def type(self, keys):
        os.write(self.outer, keys)

    def is_alive(self):
        time.sleep(0.3)
        return os.waitpid(self.child, os.WNOHANG) == (0, 0)

    def end(self):
        """The exit status, negative if a signal ended it, and all that was shown."""
        text = self.read()
        _, status = os.waitpid(self.child, 0)
        os.close(self.outer)
        return os.waitstatus_to_exitcode(status), text.replace(b"\r\n", b"\n")


def session(line, **environment):
    return Session(line.split(), environment).end()


def expect(what, found, expected):
    if found != expected:
        sys.exit("%s: %r in place of %r" % (what, found, expected))


ONE = "summary fixtures/shop.dump --snapshot last --color never"
LONG = "print fixtures/edited/edit-batches.dump"
shown_plainly = session(ONE + " --no-pager")
assert shown_plainly[0] == 0 and b"shop.Cart" in shown_plainly[1], shown_plainly
marked = b"".join(b"> " + line + b"\n" for line in shown_plainly[1].splitlines())
for what, line, environment, text in [
    ("CTSTATS_PAGER", ONE, {"CTSTATS_PAGER": "sed 's/^/> /'", "PAGER": "false"}, marked),
    ("PAGER", ONE, {"PAGER": "sed 's/^/> /'"}, marked),
    ("a flag before the command", "--no-pager " + ONE, {"PAGER": "false"}, shown_plainly[1]),
    ("no name", ONE, {"CTSTATS_PAGER": "", "PAGER": "false"}, shown_plainly[1]),
    ("cat", ONE, {"PAGER": "cat"}, shown_plainly[1]),
    ("a dumb terminal", ONE, {"PAGER": "false", "TERM": "dumb"}, shown_plainly[1]),
    ("no less", ONE, {"PATH": "/nowhere"}, shown_plainly[1]),
    ("a file", ONE + " -o /dev/null", {"PAGER": "echo paged"}, b""),
    ("settings", ONE, {"PAGER": "echo $LESS $LESSCHARSET; cat >/dev/null"}, b"FRX utf-8\n"),
    ("settings of the user", ONE, {"PAGER": "echo $LESS; cat >/dev/null", "LESS": "-i"}, b"-i\n"),
    ("a pager that fails", ONE, {"PAGER": "cat; exit 9"}, shown_plainly[1]),
    ("a pager that is quit early", LONG, {"PAGER": "head -n 0"}, b""),
]:
    expect(what, session(line, **environment), (0, text))
# less leaves the terminal at once if all fits the screen, with nothing but its own settings of it.
status, text = session(ONE)
text = re.sub(rb"\x1b(\[[?0-9;]*[a-zA-Z]|[=>])|\r", b"", text)
expect("less with a screen", (status, text), shown_plainly)
status, text = session(ONE, PAGER="no-such-pager --flag")
assert status == 0 and text.endswith(shown_plainly[1]) and b"no-such-pager" in text, (status, text)
# Colours, and the width of the terminal behind the pager.
text = session("summary fixtures/shop.dump --snapshot last", PAGER="cat -v")[1]
assert b"^[[1" in text and session("summary fixtures/shop.dump --snapshot last --color never --width 80", PAGER="cat -v")[1].count(b"\n") == text.count(b"\n"), text
# The exit status is that of ctstats, and what it says is seen, before a pager or after it.
status, text = session("check fixtures/shop.dump --max-alive *=1", PAGER="sed 's/^/> /'")
assert status == 3 and text.startswith(b"> "), (status, text)
status, text = session("check fixtures/shop.dump --max-alive *=1", PAGER="head -n 0")
assert status == 3, (status, text)
expect("an error", session("leaks nowhere.dump", PAGER="echo paged")[0], 1)
assert b"paged" not in session("leaks nowhere.dump", PAGER="echo paged")[1]
status, text = session("print fixtures/shop.dump --brief --limit 1", PAGER="sed 's/^/> /'")
assert status == 0 and text.startswith(b"> ") and text.splitlines()[-1].startswith(b"ctstats: showing 1 of 44"), (status, text)
many = "summary fixtures/many_classes.dump.gz --color never --no-pager"
assert b"--trend shows one row a class" in session(many)[1].splitlines()[-1]
assert b"--trend" not in session(many + " --snapshot last")[1]
# Without a terminal there is no pager.
piped = subprocess.run([COMMAND[0], *ONE.split()], capture_output=True, env={**ENVIRONMENT, "TERM": "xterm", "PAGER": "echo paged"})
assert b"paged" not in piped.stdout and b"shop.Cart" in piped.stdout, piped

with tempfile.TemporaryDirectory() as folder:
    pager = os.path.join(folder, "pager.py")
    with open(pager, "w") as file:
        file.write(PAGER)
    # An interrupt reaches both; the pager goes on, and ctstats waits for it and ends as interrupted. Also while it
    # still has something to write.
    for line, how in [(ONE, ""), (LONG, " stop")]:
        with_pager = Session(line.split(), {"PAGER": "%s %s%s" % (sys.executable, pager, how)})
        with_pager.read(b"READY")
        time.sleep(0.2)
        with_pager.type(b"\x03")
        with_pager.read(b"INTERRUPTED")
        assert with_pager.is_alive(), "ctstats leaves the terminal to the shell while the pager has it"
        with_pager.type(b"q\n")
        status, text = with_pager.end()
        expect("an interrupt", (status, text.count(b"LEFT")), (-signal.SIGINT, 1))
# less itself: an interrupt, then the key that leaves it; and that key alone.
for keys, expected in [([b"q"], 0), ([b"\x03", b"q"], -signal.SIGINT)]:
    less = Session(LONG.split(), {})
    less.read(b"\n:")
    for key in keys:
        time.sleep(0.3)
        assert less.is_alive(), "less has the terminal"
        less.type(key)
    status, text = less.end()
    expect("less with %r" % keys, status, expected)
    assert b"ctstats:" not in text, text[-300:]
print("pagers are as git's are")
