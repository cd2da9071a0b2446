"""Tables are as wide as the terminal, on whichever stream it is, and coloured if it can. Needs a Unix."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

COMMAND = [sys.argv[1], "summary", "fixtures/shop.dump", "--snapshot", "last", "--progress", "never"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
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
    ({"TERM": "xterm"}, True),
    ({"TERM": "dumb"}, False),
    ({"TERM": "xterm", "NO_COLOR": "1"}, False),
]:
    if (b"\x1b[" in shown(80, ["stdout"], variables)) != is_coloured:
        sys.exit("a terminal with %s is%s coloured" % (variables, " not" if is_coloured else ""))
print(len(CASES), "terminals are taken as they are")
