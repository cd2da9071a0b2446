"""Builds the wheel: the command `ctstats` with cargo, the extension module with maturin.

maturin cannot put a program and an extension module into one wheel. So this backend has cargo build
the program, puts it where maturin takes what is installed as commands (`ctstats.data/scripts`), and
hands over to maturin.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import maturin
from maturin import *  # noqa: F401,F403  The hooks that stay as they are.

HERE = Path(__file__).resolve().parent


def _manifest():
    """The Cargo.toml of the command: beside this folder in a clone, and in an sdist too."""
    for folder in (HERE, *HERE.parents):
        if (folder / "src" / "main.rs").exists():
            return folder / "Cargo.toml"
    sys.exit("the sources of the command ctstats are not where they belong")


def _target(settings):
    """The target triple that maturin was asked for; None for that of this machine."""
    arguments = (settings or {}).get("build-args", "") + " " + os.environ.get("MATURIN_PEP517_ARGS", "")
    words = arguments.replace("=", " ").split()
    if "--target" in words:
        return words[words.index("--target") + 1]
    return os.environ.get("CARGO_BUILD_TARGET")


def _build_command(settings):
    """Builds the command and puts it into ctstats.data/scripts."""
    cargo = os.environ.get("CARGO", "cargo")
    manifest = _manifest()
    build = [cargo, "build", "--release", "--locked", "--bin", "ctstats", "--manifest-path", manifest]
    target = _target(settings)
    if target:
        build += ["--target", target]
    # Its own messages go to stderr; stdout belongs to the frontend.
    subprocess.run(build, check=True, stdout=sys.stderr)
    metadata = [cargo, "metadata", "--format-version", "1", "--no-deps", "--manifest-path", manifest]
    import json

    folder = Path(json.loads(subprocess.check_output(metadata))["target_directory"])
    name = "ctstats.exe" if "windows" in (target or sys.platform.replace("win32", "windows")) else "ctstats"
    program = folder.joinpath(*filter(None, [target, "release", name]))
    scripts = HERE / "ctstats.data" / "scripts"
    shutil.rmtree(scripts, ignore_errors=True)
    scripts.mkdir(parents=True)
    shutil.copy2(program, scripts / name)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    _build_command(config_settings)
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)
