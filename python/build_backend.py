"""Builds the wheel: the command `ctstats` with cargo, the extension module with maturin.

maturin cannot put a program and an extension module into one wheel. So this backend has cargo build
the program, puts it where maturin takes what is installed as commands (`ctstats.data/scripts`), has it
write its completions and manual pages (`ctstats.data/data`), and hands over to maturin.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import maturin
from maturin import build_sdist, get_requires_for_build_sdist, get_requires_for_build_wheel  # noqa: F401

HERE = Path(__file__).resolve().parent
DATA = HERE / "ctstats.data"
SCRIPTS = DATA / "scripts"


# ctstats writes zstd at its default level, which needs two of nine ways to search for matches. The others
# take 0.3 MB of the command, and half as much of the module.
_UNUSED_BY_ZSTD = ("GREEDY", "LAZY", "LAZY2", "BTLAZY2", "BTOPT", "BTULTRA")


def _leave_out_what_zstd_does_not_use():
    flags = ["-DZSTD_EXCLUDE_%s_BLOCK_COMPRESSOR" % name for name in _UNUSED_BY_ZSTD]
    os.environ["CFLAGS"] = " ".join(filter(None, [os.environ.get("CFLAGS"), *flags]))


def _manifest():
    """The Cargo.toml of the command, which stands above this file in a clone and in an sdist."""
    for folder in (HERE, *HERE.parents):
        if (folder / "src" / "main.rs").exists():
            return folder / "Cargo.toml"
    sys.exit("the sources of the command ctstats are not where they belong: above build_backend.py")


def _target(settings):
    """The target triple that the extension module is built for; None for that of this machine."""
    settings = settings or {}
    for arguments in (settings.get("build-args"), os.environ.get("MATURIN_PEP517_ARGS")):
        words = (arguments if isinstance(arguments, list) else (arguments or "").split())
        words = " ".join(words).replace("=", " ").split()
        if "--target" in words[:-1]:
            return words[words.index("--target") + 1]
    return os.environ.get("CARGO_BUILD_TARGET")


def _build_command(settings):
    """Builds the command and puts it into ctstats.data/scripts."""
    _leave_out_what_zstd_does_not_use()
    cargo = os.environ.get("CARGO", "cargo")
    manifest = str(_manifest())
    target = _target(settings)
    build = [cargo, "build", "--release", "--locked", "--features", "parquet", "--bin", "ctstats", "--manifest-path", manifest]
    if target:
        build += ["--target", target]
    # What it says goes to stderr; stdout belongs to the frontend.
    subprocess.run(build, check=True, stdout=sys.stderr)
    metadata = [cargo, "metadata", "--format-version", "1", "--no-deps", "--manifest-path", manifest]
    built = Path(json.loads(subprocess.check_output(metadata))["target_directory"], target or "", "release")
    is_windows = "windows" in target if target else os.name == "nt"
    name = "ctstats.exe" if is_windows else "ctstats"
    shutil.rmtree(DATA, ignore_errors=True)
    SCRIPTS.mkdir(parents=True)
    shutil.copy2(built / name, SCRIPTS / name)
    _write_shares(SCRIPTS / name)


def _write_shares(program):
    """Has the command write what shells and man read; it is installed below share/."""
    share = DATA / "data" / "share"
    what = {
        "bash-completion/completions/ctstats": ["completions", "bash"],
        "zsh/site-functions/_ctstats": ["completions", "zsh"],
        "fish/vendor_completions.d/ctstats.fish": ["completions", "fish"],
        "man/man1": ["man"],
    }
    for place, words in what.items():
        (share / place).parent.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run([program, *words, "-o", share / place], check=True, stdout=sys.stderr)
        except OSError as error:
            # It was built for another kind of machine.
            print(f"the wheel has no completions and manual pages: {error}", file=sys.stderr)
            shutil.rmtree(share.parent)
            return


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    # maturin asks that the folder exists, though metadata has nothing of it.
    DATA.mkdir(exist_ok=True)
    return maturin.prepare_metadata_for_build_wheel(metadata_directory, config_settings)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    _build_command(config_settings)
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


# Editable installs: `pip install -e ./python`.
prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    _build_command(config_settings)
    return maturin.build_editable(wheel_directory, config_settings, metadata_directory)
