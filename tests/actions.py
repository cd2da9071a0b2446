#!/usr/bin/env python3
"""The Action and the workflow of .github are sound, and the Action's steps do what they say.

    python3 tests/actions.py target/release/ctstats

Needs check-jsonschema, zizmor, cibuildwheel and PyYAML beside the Python that runs it, and shellcheck.
The steps run in bash as GitHub runs them. GitHub itself is not here: what it does with the files is
not tried.
"""
import base64
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile

import yaml

BINARY = os.path.abspath(sys.argv[1])
ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
ACTION = os.path.join(ROOT, ".github/actions/check")
EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
TOOLS = os.path.dirname(sys.executable)


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **more)
    if done.returncode:
        sys.exit("%s: status %d\n%s%s" % (command, done.returncode, done.stdout, done.stderr))
    return done.stdout


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def shell_steps(document):
    """Name and text of each shell step of an Action or a workflow."""
    jobs = list(document.get("jobs", {}).values()) or [document["runs"]]
    return [(step.get("name", "?"), step["run"]) for job in jobs for step in job["steps"] if "run" in step]


def lint():
    workflows = glob.glob(os.path.join(ROOT, ".github/workflows/*.yml"))
    assert workflows, "no workflow"
    tool = os.path.join(TOOLS, "check-jsonschema")
    run([tool, "--builtin-schema", "vendor.github-workflows", *workflows])
    run([tool, "--builtin-schema", "vendor.github-actions", os.path.join(ACTION, "action.yml")])
    run([os.path.join(TOOLS, "zizmor"), "--offline", "--quiet", os.path.join(ROOT, ".github")])
    steps = 0
    for path in [*workflows, os.path.join(ACTION, "action.yml")]:
        for name, text in shell_steps(load(path)):
            assert not EXPRESSION.search(text), "%s: the step %s has an expression in its text" % (path, name)
            run(["shellcheck", "--shell", "bash", "-"], input=text)
            steps += 1
    scripts = [os.path.join(ROOT, name) for name in ("packaging/deb", "packaging/version", "tests/deb.sh")]
    run(["shellcheck", os.path.join(ACTION, "check.sh"), *scripts])
    return steps


def documents():
    """The steps that the documents show give the Action what it takes."""
    inputs = load(os.path.join(ACTION, "action.yml"))["inputs"]
    needed = {name for name, one in inputs.items() if one.get("required")}
    shown = 0
    for path in glob.glob(os.path.join(ROOT, "docs/*.md")):
        for block in re.findall(r"^```yaml\n(.*?)^```$", open(path, encoding="utf-8").read(), re.M | re.S):
            for step in yaml.safe_load(block):
                if ".github/actions/check@" in step["uses"]:
                    given = set(step["with"])
                    if not needed <= given <= set(inputs):
                        sys.exit("%s: a step gives the Action %s" % (path, sorted(given)))
                    shown += 1
    assert shown, "no document shows the Action"


def wheels():
    """Each wheel of the matrix is one that cibuildwheel knows, for two versions of Python."""
    job = load(os.path.join(ROOT, ".github/workflows/release.yml"))["jobs"]["wheels"]
    builds = [one["build"] for one in job["strategy"]["matrix"]["include"]]
    step, = [step for step in job["steps"] if "CIBW_BUILD" in step.get("env", {})]
    found = set()
    for platform in ["linux", "macos", "windows"]:
        for build in builds:
            pattern = EXPRESSION.sub(lambda _: build, step["env"]["CIBW_BUILD"])
            command = [os.path.join(TOOLS, "cibuildwheel"), "--print-build-identifiers", "--platform", platform]
            with tempfile.TemporaryDirectory() as package:
                with open(os.path.join(package, "pyproject.toml"), "w") as file:
                    file.write('[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.9"\n')
                found |= set(run([*command, package], env={**os.environ, "CIBW_BUILD": pattern, "CIBW_ARCHS": "all"}).split())
    wanted = {"%s-%s" % (python, build) for python in ("cp39", "cp314") for build in builds}
    if found != wanted:
        sys.exit("wheels that cibuildwheel knows: %s, wanted: %s" % (sorted(found), sorted(wanted)))
    return builds


def wheel_of(folder, program):
    """A wheel that has nothing but a command `ctstats`, which runs this program."""
    path = os.path.join(folder, "ctstats-0-py3-none-any.whl")
    files = {
        "ctstats-0.data/scripts/ctstats": '#!/bin/sh\nexec "%s" "$@"\n' % program,
        "ctstats-0.dist-info/METADATA": "Metadata-Version: 2.1\nName: ctstats\nVersion: 0\n",
        "ctstats-0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16
            wheel.writestr(entry, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += "%s,sha256=%s,%d\n" % (name, digest, len(text))
        wheel.writestr("ctstats-0.dist-info/RECORD", record + "ctstats-0.dist-info/RECORD,,\n")
    return path


class Job:
    """A runner: an environment in which the steps of the Action run one after the other."""

    def __init__(self, folder, path):
        self.folder = folder
        self.path = path

    def act(self, **inputs):
        """Status of the last step that ran, what was printed, outputs, the summary of the job."""
        action = load(os.path.join(ACTION, "action.yml"))
        unknown = set(inputs) - set(action["inputs"])
        assert not unknown, unknown
        values = {"inputs." + name: inputs.get(name, one.get("default", "")) for name, one in action["inputs"].items()}
        files = {name: os.path.join(self.folder, name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            open(file, "w").close()
        printed = ""
        for step in action["runs"]["steps"]:
            assert step["shell"] == "bash"
            script = os.path.join(self.folder, "step.sh")
            with open(script, "w") as file:
                file.write(step["run"])
            own = {name: EXPRESSION.sub(lambda found: values[found[1]], text) for name, text in step.get("env", {}).items()}
            environment = {"PATH": self.path, "HOME": self.folder, "GITHUB_ACTION_PATH": ACTION, **files, **own}
            # As GitHub runs a step whose shell is bash.
            command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", script]
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
            printed += done.stdout + done.stderr
            if done.returncode:
                break
        for line in open(files["GITHUB_OUTPUT"]).read().splitlines():
            name, value = line.split("=", 1)
            values["steps.%s.outputs.%s" % (step["id"], name)] = value
        outputs = {name: EXPRESSION.sub(lambda found: values.get(found[1], ""), one["value"]) for name, one in action["outputs"].items()}
        return done.returncode, printed, outputs, open(files["GITHUB_STEP_SUMMARY"]).read()


def expect(name, outcome, exit_status, status, printed, summary):
    if (outcome[0], outcome[2]["status"]) != (exit_status, status) or printed not in outcome[1] or summary not in outcome[3]:
        sys.exit("the Action on %s: %r" % (name, outcome))
    if outcome[3].count("<") != 2:
        sys.exit("the Action on %s: a summary with markup of its own: %s" % (name, outcome[3]))


def steps(folder):
    tools = os.path.join(folder, "tools")
    os.mkdir(tools)
    os.symlink(BINARY, os.path.join(tools, "ctstats"))
    job = Job(folder, tools + ":/usr/bin:/bin")
    leaky = "fixtures/leaky_shop.dump"
    cases = [
        ("limits that hold", dict(dump=leaky, flags="--max-alive shop.Session=100\n"), 0, "holds", "0 of 1 check failed", "0 of 1 check"),
        ("a broken limit", dict(dump=leaky, flags="\n  --max-bytes *=64KiB\r\n--max-alive shop.Session=100\n"), 3, "broken",
         "::error title=ctstats%3A shop.Cart::88.9 KiB", "breach  shop.Cart: 88.9 KiB"),
        ("a leak", dict(dump=leaky, flags="--no-leaks"), 3, "broken", "::error title=ctstats%3A shop.Cart::", "broken"),
        ("no dump", dict(dump="nowhere.dat", flags="--no-leaks"), 1, "unchecked",
         "::error title=ctstats check::ctstats: nowhere.dat: cannot be opened", "nowhere.dat: cannot be opened"),
        ("a class that is not there", dict(dump=leaky, flags="--max-alive Cat=1"), 1, "unchecked", "no class for --max-alive Cat", "no class"),
        ("no limits", dict(dump=leaky), 2, "unchecked", "there is nothing to check", "nothing to check"),
        ("a flag that is none", dict(dump=leaky, flags="--max-live Cart=1"), 2, "unchecked", "::error title=ctstats check::error: unexpected argument", "unexpected"),
        ("a dump that is named like a flag", dict(dump="--no-leaks", flags="--no-leaks"), 1, "unchecked", "--no-leaks: cannot be opened", "cannot be opened"),
        ("a dump whose names are markup", dict(dump="fixtures/markup.dump", flags="--max-alive *=0"), 3, "broken", "::error", "&lt;"),
    ]
    for name, inputs, *wanted in cases:
        expect(name, job.act(**inputs), *wanted)
    limits, junit = os.path.join(folder, "limits.toml"), os.path.join(folder, "out.xml")
    with open(limits, "w") as file:
        file.write("[max_alive]\n\"shop.Cart\" = 1\n")
    expect("limits of a file", job.act(dump=leaky, limits=limits, junit=junit), 3, "broken", "44", "44")
    if 'failures="1"' not in open(junit).read():
        sys.exit("the Action's JUnit file: %s" % open(junit).read())
    # Nothing is installed yet, and pip brings the command.
    bare = os.path.join(folder, "bare")
    venv.create(bare, with_pip=True)
    without = Job(folder, os.path.join(bare, "bin") + ":/usr/bin:/bin")
    if shutil.which("ctstats", path=without.path):
        sys.exit("this machine has a ctstats in /usr/bin")
    wheel = wheel_of(folder, BINARY)
    expect("a bare machine", without.act(dump=leaky, flags="--no-leaks", package=wheel), 3, "broken", "shop.Cart", "broken")
    outcome = without.act(dump=leaky, flags="--no-leaks", package=os.path.join(folder, "none.whl"))
    expect("a machine that has it", outcome, 3, "broken", "shop.Cart", "broken")
    return len(cases) + 3


count = lint()
documents()
builds = wheels()
with tempfile.TemporaryDirectory() as folder:
    cases = steps(folder)
print("actions: %d shell steps linted, %d wheels known to cibuildwheel, the Action's steps run in %d cases" % (count, len(builds), cases))
