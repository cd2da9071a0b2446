"""Pastes the lines of Python that `ctstats leaks` prints into a prompt, as users do.

    python3 tests/advice.py target/release/ctstats

The program has 2,000 instances of the suspected class, which a registry keeps, and 107,000
objects beside them. The lines must name the registry, in a few lines of text, and must not
name what they made themselves.
"""

import code
import contextlib
import io
import json
import subprocess
import sys
import time

DUMP = "fixtures/leaky_shop.dump"

PROGRAM = """
class Cart:
    def __init__(self, number):
        self.number = number
        self.items = ["item"] * 100

class Registry:
    def __init__(self):
        self.by_number = {}

registry = Registry()
for number in range(2000):
    registry.by_number[number] = Cart(number)
others = [[number] for number in range(107_000)]
"""


def main(binary):
    done = subprocess.run(
        [binary, "leaks", DUMP, "--class", "shop.Cart", "--format", "json"],
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    (suspect,) = json.loads(done.stdout)["suspects"]
    lines = suspect["python"]
    assert lines[0].startswith("import"), lines

    names = {"__name__": "__main__"}
    exec(PROGRAM, names)
    prompt = code.InteractiveConsole(names)
    out, errors = io.StringIO(), io.StringIO()
    began = time.perf_counter()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        for line in lines:
            assert not prompt.push(line), f"the prompt waits for more after: {line}"
    took = time.perf_counter() - began
    text = out.getvalue()
    assert errors.getvalue() == "", errors.getvalue()
    # The registry's dict, and nothing else: no list of all objects, no names of the prompt.
    told = text.splitlines()
    assert len(told) == 1 and told[0].startswith("dict {0: <"), text
    assert len(text) < 1000, len(text)
    print(f"{len(lines)} lines, {took * 1000:.0f} ms, {len(text)} characters: {told[0]}")


main(sys.argv[1])
