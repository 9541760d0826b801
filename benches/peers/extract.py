#!/usr/bin/env python3
"""Main text of web pages beside trafilatura and resiliparse, on the same pages, by turns.

    pip install trafilatura resiliparse lxml_html_clean
    python benches/peers/extract.py PAGE.html[.gz] ... [--eu target/release/eu] [--rounds 3]
    find pages -name '*.html.gz' | python benches/peers/extract.py - --rounds 3

`-` reads the paths from standard input, one a line. A peer that is not installed is left out and
said to be.

Speed is pages for each second of processor time. Every program runs once in each round; the
medians are printed with the extremes. eu is timed as a whole process (its start, reading and
unpacking the files, encodings, JSON out included); of the peers only the calls are timed, on bytes
that are already unpacked, and resiliparse's decoding of them. Facts (title, date, licences) are
taken by eu alone.
"""

import gzip
import importlib.metadata
import json
import statistics
import sys

from timing import by_turns, called, left_out, options, print_machine, print_speeds, timed, version

BATCH = 400  # files on one command line


def eu(program, paths):
    """Texts, and processor seconds of the whole process."""
    texts, spent = [], 0.0
    for first in range(0, len(paths), BATCH):
        command = [program, "prepare", "extract", "--quiet", "--threads", "1"]
        command += paths[first : first + BATCH]
        out, seconds = timed(command)
        spent += seconds
        found = {}
        for line in out.splitlines():
            record = json.loads(line)
            found[record["f"]] = record.get("text") or ""
        texts += [found.get(path, "") for path in paths[first : first + BATCH]]
    return texts, spent


def calls(extract, pages):
    def text(page):
        try:
            return extract(page) or ""
        except Exception:  # a page that stops a peer counts as one without text
            return ""

    return lambda: called(text, pages)


def peers(pages):
    found = {}
    try:
        import trafilatura

        found[f"trafilatura {importlib.metadata.version('trafilatura')}"] = calls(
            lambda page: trafilatura.extract(page, include_comments=False), pages
        )
    except ImportError as why:
        left_out("trafilatura", why)
    try:
        from resiliparse.extract.html2text import extract_plain_text
        from resiliparse.parse.encoding import detect_encoding

        def decoded(page):
            try:
                return page.decode()
            except UnicodeDecodeError:
                return page.decode(detect_encoding(page) or "latin-1", "replace")

        found[f"resiliparse {importlib.metadata.version('resiliparse')}"] = calls(
            lambda page: extract_plain_text(
                decoded(page), main_content=True, alt_texts=False, links=False, form_fields=False
            ),
            pages,
        )
    except ImportError as why:
        left_out("resiliparse", why)
    return found


def main():
    parser = options(__doc__, rounds=3)
    parser.add_argument("pages", nargs="+")
    args = parser.parse_args()

    paths = sys.stdin.read().splitlines() if args.pages == ["-"] else args.pages
    pages = []
    for path in paths:
        with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as file:
            pages.append(file.read())
    ours = version(args.eu)
    programs = {ours: lambda: eu(args.eu, paths), **peers(pages)}
    size = sum(map(len, pages)) / 1e6
    print_machine()
    print(f"{len(pages)} pages, {size:.1f} MB of HTML, {args.rounds} rounds by turns:")
    texts, spent = by_turns(args.rounds, programs)
    notes = {
        name: f"{size / statistics.median(spent[name]):.1f} MB/CPU-s, "
        f"{sum(map(len, found)) / 1e6:.2f} M characters of text"
        for name, found in texts.items()
    }
    speeds = {name: [len(pages) / s for s in seconds] for name, seconds in spent.items()}
    print_speeds(speeds, ours, "pages/CPU-s", digits=1, notes=notes)


if __name__ == "__main__":
    main()
