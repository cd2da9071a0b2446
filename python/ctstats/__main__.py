"""``python -m ctstats``: the command ``ctstats`` of this environment."""

import os
import sys
import sysconfig


def _command():
    """The program that the wheel installed beside this package."""
    name = "ctstats.exe" if os.name == "nt" else "ctstats"
    package = os.path.dirname(os.path.abspath(__file__))
    for scheme in sysconfig.get_scheme_names():
        # The scheme under which the package is installed has its command as well.
        paths = {key: sysconfig.get_path(key, scheme) for key in ("platlib", "purelib", "scripts")}
        if os.path.join(paths["platlib"], "ctstats") == package or os.path.join(paths["purelib"], "ctstats") == package:
            command = os.path.join(paths["scripts"], name)
            if os.path.exists(command):
                return command
    return os.path.join(sysconfig.get_path("scripts"), name)


def main():
    command = _command()
    arguments = [command, *sys.argv[1:]]
    try:
        if os.name == "nt":
            import subprocess

            sys.exit(subprocess.call(arguments))
        os.execv(command, arguments)
    except OSError as error:
        sys.exit(f"ctstats: {command} cannot be started: {error.strerror}")


if __name__ == "__main__":
    main()
