"""A folder of dumps with `truth.json`, as truths."""
import json
import os

from .world import LEAK, NONE, UNDECIDABLE, Truth


def truths(folder):
    """(path, truths) of each dump."""
    with open(os.path.join(folder, "truth.json"), encoding="utf-8") as file:
        entries = json.load(file)
    for entry in entries:
        found = []
        for leak in entry["leaks"]:
            site = leak["site"]
            truth = UNDECIDABLE if entry.get("undecidable") else LEAK
            attribute = leak["attribute"]
            found.append(Truth(leak["class"], truth, leak["kind"],
                               site and (site["file"], site["line"], site["function"]), None, attribute))
        found.extend(Truth(name, NONE) for name in entry["not_leaks"])
        yield os.path.join(folder, entry["dump"]), found
