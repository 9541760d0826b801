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

import argparse
import collections
import gzip
import importlib.metadata
import json
import platform
import resource
import statistics
import subprocess
import sys
import time

BATCH = 400  # files on one command line


def eu(program, paths):
    """Texts, and processor seconds of the whole process."""
    texts, spent = [], 0.0
    for first in range(0, len(paths), BATCH):
        command = [program, "prepare", "extract", "--quiet", "--threads", "1"]
        command += paths[first : first + BATCH]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found = {}
        for line in done.stdout.splitlines():
            record = json.loads(line)
            found[record["f"]] = record.get("text") or ""
        texts += [found.get(path, "") for path in paths[first : first + BATCH]]
    return texts, spent


def calls(extract, pages):
    def run():
        began = time.process_time()
        texts = []
        for page in pages:
            try:
                texts.append(extract(page) or "")
            except Exception:  # a page that stops a peer counts as one without text
                texts.append("")
        return texts, time.process_time() - began

    return run


def peers(pages):
    found = {}
    try:
        import trafilatura

        found[f"trafilatura {importlib.metadata.version('trafilatura')}"] = calls(
            lambda page: trafilatura.extract(page, include_comments=False), pages
        )
    except ImportError as why:
        print(f"trafilatura is left out: {why}", file=sys.stderr)
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
        print(f"resiliparse is left out: {why}", file=sys.stderr)
    return found


def machine():
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            name = next(l.split(":", 1)[1].strip() for l in lines if l.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {platform.system()} {platform.machine()}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pages", nargs="+")
    parser.add_argument("--eu", default="target/release/eu")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()

    paths = sys.stdin.read().splitlines() if args.pages == ["-"] else args.pages
    pages = []
    for path in paths:
        with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as file:
            pages.append(file.read())
    version = subprocess.run([args.eu, "--version"], capture_output=True, text=True, check=True)
    ours = version.stdout.strip()
    programs = {ours: lambda: eu(args.eu, paths), **peers(pages)}
    size = sum(map(len, pages)) / 1e6
    print(f"machine: {machine()}; Python {platform.python_version()}")
    print(f"{len(pages)} pages, {size:.1f} MB of HTML, {args.rounds} rounds by turns:")
    speeds, chars = collections.defaultdict(list), {}
    for _ in range(args.rounds):
        for name, run in programs.items():
            texts, spent = run()
            speeds[name].append(len(pages) / spent)
            chars[name] = sum(map(len, texts))
    for name, speed in speeds.items():
        middle = statistics.median(speed)
        ratio = statistics.median(speeds[ours]) / middle
        told = "" if name == ours else f"  eu is {ratio:.1f} times as fast"
        spread = f"({min(speed):.0f} to {max(speed):.0f})"
        rate = f"{middle * size / len(pages):6.1f} MB/CPU-s"
        text = f"{chars[name] / 1e6:.2f} M characters of text"
        print(f"  {name:20} {middle:7.1f} pages/CPU-s {spread}, {rate}, {text}{told}")


if __name__ == "__main__":
    main()
