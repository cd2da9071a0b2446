#!/usr/bin/env python3
"""Shells complete what ctstats knows, and manual pages are sound.

    python3 tests/shells.py target/release/ctstats

Needs bash, zsh, fish, man and mandoc. PowerShell is tried where there is one.
"""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

BINARY = os.path.abspath(sys.argv[1])
COMMANDS = {"overview", "print", "summary", "diff", "leaks", "sites", "check", "html", "trend", "export", "convert", "info", "completions", "man"}

# What stands before the word to complete, the word, what must be among the proposals, what must not.
CASES = [
    ("", "", {"leaks", "overview", "my dump.dat", "folder"}, {"--no-pager", "other"}),
    ("", "le", {"leaks"}, {"sites", "my dump.dat"}),
    ("", "my", {"my dump.dat"}, {"leaks"}),
    ("", "di", {"diff", "dim.dat"}, {"info"}),
    ("", "--no", {"--no-pager"}, {"leaks"}),
    ("--no-pager", "le", {"leaks"}, {"my dump.dat"}),
    ("leaks", "", {"my dump.dat", "dim.dat"}, {"--format", "leaks"}),
    ("leaks", "--fo", {"--format", "--force"}, {"--class"}),
    ("leaks dim.dat", "--min-g", {"--min-growth"}, {"--min-size"}),
    ("leaks dim.dat --format", "", {"table", "json", "csv"}, {"pympler", "dim.dat"}),
    ("print dim.dat --format", "p", {"pympler"}, {"table"}),
    ("dim.dat", "--by", {"--bytes"}, {"--by"}),
    ("dim.dat --format", "", {"markdown"}, {"csv", "dim.dat"}),
    ("check dim.dat", "--max", {"--max-alive", "--max-bytes", "--max-growth"}, {"--limits"}),
    ("completions", "", {"bash", "zsh", "fish", "powershell"}, {"--output"}),
]


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **more)
    if done.returncode or done.stderr:
        sys.exit("%s: status %d\n%s%s" % (command, done.returncode, done.stdout, done.stderr))
    return done.stdout


def bash(folder, before, word):
    """The proposals of bash, as readline would get them."""
    words = ["ctstats", *before.split(), word]
    script = r"""
        source "$1"; shift
        function=$(complete -p ctstats); function=${function#*-F }; function=${function%% *}
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        "$function" ctstats "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        # As `complete -o default` does.
        [[ ${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
        printf '%s\n' "${COMPREPLY[@]}"
    """
    # The file is given anew each time, so that no state is kept. Outside of readline compopt fails.
    command = ["bash", "--norc", "-uc", script, "bash", os.path.join(folder, "ctstats.bash"), *words]
    return set(run(command, cwd=os.path.join(folder, "work")).splitlines())


def fish(folder, before, word):
    line = " ".join(filter(None, ["ctstats", before])) + " " + word
    script = "source $argv[1]; complete -C $argv[2]"
    command = ["fish", "--no-config", "-c", script, os.path.join(folder, "ctstats.fish"), line]
    found = run(command, cwd=os.path.join(folder, "work"), env={**os.environ, "HOME": folder}).splitlines()
    return {re.sub(r"\\(.)", r"\1", line.split("\t")[0]).rstrip("/") for line in found}


def typed(command, setup, lines, folder):
    """What a command gets as arguments if these lines are typed into an interactive shell."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(os.path.join(folder, "work"))
        os.environ.update(TERM="dumb", PS1="READY>", HOME=folder, ZDOTDIR=folder)
        os.execvp(command[0], command)
    text = b""

    def wait(mark, count):
        nonlocal text
        end = time.monotonic() + 20
        while text.count(mark) < count:
            if time.monotonic() > end:
                sys.exit("%s: no %r in %r" % (command, mark, text))
            if select.select([terminal], [], [], 0.1)[0]:
                text += os.read(terminal, 65536)

    os.write(terminal, (setup + "; echo DO''NE\n").encode())
    wait(b"DONE", 1)
    for number, line in enumerate(lines):
        os.write(terminal, line.encode() + b"\t")
        time.sleep(0.5)  # The shell completes; what is typed meanwhile could be lost.
        os.write(terminal, b"\n")
        wait(b"#END", number + 1)
    os.write(terminal, b"exit\n")
    os.close(terminal)
    os.waitpid(process, 0)
    return re.findall(r"#GOT(.*?)#END", text.decode(errors="replace"))


LINES = [
    ("ctstats ove", "overview"),
    ("ctstats my", "my dump.dat"),
    ("ctstats leaks my", "leaks|my dump.dat"),
    ("ctstats leaks dim.dat --min-g", "leaks|dim.dat|--min-growth"),
    ("ctstats diff dim.dat my\\ dump.dat --refer", "diff|dim.dat|my dump.dat|--referents"),
    ("ctstats dim.dat --format mark", "dim.dat|--format|markdown"),
    ("ctstats leaks -o fol", "leaks|-o|folder/"),
]
STUB = """ctstats() { local IFS='|'; printf '#%%s%%s#%%s\\n' G'OT' "$*" E'ND'; }"""


def interactive(shell, command, setup, folder):
    got = typed(command, setup + "; " + STUB.replace("%%", "%"), [line for line, _ in LINES], folder)
    wanted = [arguments for _, arguments in LINES]
    if shell == "zsh":
        # It takes the slash that it added away again when the line ends.
        wanted = [arguments.rstrip("/") for arguments in wanted]
    if got != wanted:
        sys.exit("%s completes to\n  %s\ninstead of\n  %s" % (shell, "\n  ".join(got), "\n  ".join(wanted)))


def completions(folder):
    for shell, name in [("bash", "ctstats.bash"), ("zsh", "_ctstats"), ("fish", "ctstats.fish"), ("powershell", "ctstats.ps1")]:
        run([BINARY, "completions", shell, "-o", os.path.join(folder, name)])
    work = os.path.join(folder, "work")
    os.makedirs(os.path.join(work, "folder"))
    for name in ["my dump.dat", "dim.dat", "other"]:
        open(os.path.join(work, name), "w").close()
    os.rename(os.path.join(work, "other"), os.path.join(folder, "other"))
    for shell, propose in [("bash", bash), ("fish", fish)]:
        for before, word, wanted, unwanted in CASES:
            found = propose(folder, before, word)
            if wanted - found or unwanted & found:
                sys.exit("%s proposes %s for `ctstats %s %s`" % (shell, sorted(found), before, word))
        if not COMMANDS <= propose(folder, "", ""):
            sys.exit("%s does not propose every command" % shell)
    run(["bash", "-n", os.path.join(folder, "ctstats.bash")])
    run(["zsh", "-n", os.path.join(folder, "_ctstats")])
    run(["fish", "--no-execute", os.path.join(folder, "ctstats.fish")])
    interactive("bash", ["bash", "--norc", "--noprofile", "-i"], "source ../ctstats.bash", folder)
    zsh = "PS1='READY>'; unsetopt zle_bracketed_paste 2>/dev/null; fpath=(.. $fpath); autoload -U compinit; compinit -u -D"
    interactive("zsh", ["zsh", "-f", "-i"], zsh, folder)
    if shutil.which("pwsh"):
        script = ". %s; (TabExpansion2 'ctstats lea' 11).CompletionMatches.CompletionText" % os.path.join(folder, "ctstats.ps1")
        if run(["pwsh", "-NoProfile", "-Command", script]).split() != ["leaks"]:
            sys.exit("PowerShell does not complete a command")
    else:
        print("no PowerShell here: its script is not run")


def pages(folder):
    pages = os.path.join(folder, "pages")
    run([BINARY, "man", "-o", pages])
    names = sorted(os.listdir(pages))
    wanted = sorted(["ctstats.1"] + ["ctstats-%s.1" % command for command in COMMANDS])
    if names != wanted:
        sys.exit("pages: %s" % names)
    for name in names:
        path = os.path.join(pages, name)
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True, text=True)
        # A page has no date, so that it follows from the source alone.
        bad = [line for line in lint.stdout.splitlines() if "missing date" not in line]
        if bad or lint.stderr:
            sys.exit("%s:\n%s%s" % (name, "\n".join(bad), lint.stderr))
        shown = run(["man", "--warnings", "-l", path], env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
        if name == "ctstats-check.1" and "ctstats check dump.dat --max-bytes '*=10MiB'" not in shown:
            sys.exit("%s: an example is not shown as it is typed" % name)
    # An own folder is found by name.
    shutil.copytree(pages, os.path.join(folder, "share", "man1"))
    run(["man", "-M", os.path.join(folder, "share"), "ctstats-leaks"])


with tempfile.TemporaryDirectory() as folder:
    completions(folder)
    pages(folder)
print("shells: bash and fish propose as in %d cases, bash and zsh in %d typed lines; %d manual pages" % (len(CASES), len(LINES), len(COMMANDS) + 1))
