#!/usr/bin/env python3
"""Markdown as GitHub's own parser reads it: texts of a dump are text, and reach nobody.

    pip install cmarkgfm && tests/markdown.py target/release/ctstats

GitHub looks for @names, issues and pictures in the text of what its parser made, but not in code. So
none of them may be in text outside of code, no link or picture may come out, and what a cell shows is
what the CSV has in it.
"""
import csv
import html.parser
import io
import re
import subprocess
import sys

import cmarkgfm
from cmarkgfm.cmark import Options

LIVE = re.compile(r"@|://|#\d|\bGH-\d|www\.|:[a-z0-9_+-]*[a-z][a-z0-9_+-]*:", re.I)


class Page(html.parser.HTMLParser):
    """The cells of all tables, the text outside of code, and the elements."""

    def __init__(self, text):
        super().__init__()
        self.cells, self.loose, self.elements, self.code = [], "", set(), 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)
        self.code += tag == "code"
        if tag in ("td", "th"):
            self.cells.append("")
        # What code parts is no one word.
        self.loose += " "

    def handle_endtag(self, tag):
        self.code -= tag == "code"

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data
        if not self.code:
            self.loose += data


def run(binary, *arguments):
    done = subprocess.run([binary, *arguments], capture_output=True, check=True)
    return done.stdout.decode("utf-8")


def main():
    binary, texts = sys.argv[1], 0
    for dump in ["fixtures/orders.dump", "fixtures/markup.dump", "fixtures/leaky_shop.dump"]:
        for command in ["print", "summary", "summary --lifetimes", "summary --trend", "leaks", "diff --referents",
                        "sites", "sites --by repr", "sites --depth 3", "info"]:
            markdown = run(binary, *command.split(), dump, "--format", "markdown")
            page = Page(cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))
            odd = page.elements - set("table thead tbody tr th td code p h3 ul li em strong".split())
            if odd:
                sys.exit("%s %s: elements of the dump: %s" % (command, dump, odd))
            live = LIVE.search(page.loose)
            if live:
                sys.exit("%s %s: live: %r" % (command, dump, page.loose[live.start() - 30:live.end() + 30]))
            if command in ("print", "sites --by repr"):
                width = markdown.split("\n", 1)[0].count(" | ") + 1
                first = [cell.strip() for cell in page.cells[width::width]]
                rows = list(csv.reader(io.StringIO(run(binary, *command.split(), dump, "--format", "csv"))))
                wanted = [row[0].strip() for row in rows[1:]]
                # A backslash before a bar is seen twice within code of a table.
                shown = [text.replace("\\\\|", "\\|") for text in first[:len(wanted)]]
                if shown != [text.replace("\\\\|", "\\|") for text in wanted]:
                    odd = next(pair for pair in zip(shown, wanted) if pair[0] != pair[1])
                    sys.exit("%s %s: shows %r instead of %r" % (command, dump, *odd))
                texts += len(wanted)
    print(texts, "texts are what they were, and nothing is live")


main()
