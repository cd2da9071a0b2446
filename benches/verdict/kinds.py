"""The list of kinds: each a program (a generator that yields where a snapshot is taken) and what it is for."""

KINDS = {}


class Kind:
    """`alone`: no other classes beside it; `background`: may stand beside others; `only`: these numbers of snapshots
    and no others."""

    def __init__(self, program, group, alone, background, only):
        self.program, self.group, self.alone, self.background, self.only = program, group, alone, background, only


def kind(group, alone=False, background=False, only=None):
    def add(program):
        KINDS[program.__name__] = Kind(program, group, alone, background, only)
        return program
    return add
