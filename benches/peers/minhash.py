#!/usr/bin/env python3
"""MinHash signatures beside datatrove's, of the same shape and on the same texts, by turns.

    pip install datatrove "xxhash<3.6" nltk tokenizers spacy
    python benches/peers/minhash.py RECORDS.jsonl ... [--eu target/release/eu] [--rounds 3]

Each line of RECORDS.jsonl is a record with its text in `text`. Both make signatures of 14 bands of
8 rows over shingles of 5 words and write them to files: datatrove with MinhashDedupSignature, eu
with `prepare dedup --sketch FOLDER`, which also hashes the whole text and its bytes. datatrove
runs twice: as it is, with the word tokenizer it gives to English and most other languages, and
with a plain split at white space in its place, the least it could do.

Speed is megabytes of text for each second of processor time. eu is timed as a whole process, its
start and the reading of its input included; of datatrove only the signing is timed, on documents
that are in memory already. Every program runs once in each round; the best rounds are compared,
for a busy machine only ever slows a program down.
"""

import argparse
import importlib.metadata
import json
import logging
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def read(paths, n_megabytes):
    texts, size = [], 0
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                texts.append(json.loads(line)["text"])
                size += len(texts[-1].encode())
                if size > n_megabytes * 1e6:
                    return texts
    return texts


def eu(program):
    def run(texts):
        with tempfile.TemporaryDirectory() as folder:
            records = Path(folder, "records.jsonl")
            with open(records, "w", encoding="utf-8") as out:
                for i, text in enumerate(texts):
                    out.write(json.dumps({"id": str(i), "text": text}, ensure_ascii=False) + "\n")
            command = [program, "prepare", "dedup", "--sketch", str(Path(folder, "sketches"))]
            command += ["--quiet", "--threads", "1", str(records)]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return run


def datatrove(is_plain):
    from datatrove.data import Document
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
    from datatrove.utils.hashing import HashConfig
    from datatrove.utils.word_tokenizers import WordTokenizer
    from loguru import logger

    logger.remove()
    logging.disable(logging.CRITICAL)

    class Spaces(WordTokenizer):
        def word_tokenize(self, text):
            return text.split()

        def sent_tokenize(self, text):
            return text.splitlines()

        def span_tokenize(self, text):
            return []

    config = MinhashConfig(
        n_grams=5, num_buckets=14, hashes_per_bucket=8, hash_config=HashConfig(precision=64)
    )

    def run(texts):
        documents = [Document(text=text, id=str(i)) for i, text in enumerate(texts)]
        with tempfile.TemporaryDirectory() as folder:
            step = MinhashDedupSignature(output_folder=folder, config=config, language=Spaces() if is_plain else "eng")
            before = time.process_time()
            step.run(iter(documents), rank=0, world_size=1)
            return time.process_time() - before

    return run


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
    parser.add_argument("records", nargs="+")
    parser.add_argument("--eu", default="target/release/eu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=float, default=100, help="of text for eu")
    parser.add_argument("--peer-megabytes", type=float, default=1, help="of text for the peer")
    args = parser.parse_args()

    version = subprocess.run([args.eu, "--version"], capture_output=True, text=True, check=True)
    ours = version.stdout.strip()
    once = read(args.records, args.megabytes)
    size = sum(len(text.encode()) for text in once)
    texts = once * max(1, round(args.megabytes * 1e6 / size))
    # Of all files a little: every n-th text, so that both see the same languages.
    some = once[:: max(1, round(size / (args.peer_megabytes * 1e6)))]
    programs = {ours: (eu(args.eu), texts)}
    for is_plain in (False, True):
        try:
            name = f"datatrove {importlib.metadata.version('datatrove')}"
            name += ", plain split" if is_plain else ""
            programs[name] = (datatrove(is_plain), some)
        except ImportError as missing:
            print(f"datatrove is left out: {missing}", file=sys.stderr)

    print(f"machine: {machine()}; Python {platform.python_version()}")
    speeds = {name: [] for name in programs}
    for _ in range(args.rounds):
        for name, (run, texts) in programs.items():
            size = sum(len(text.encode()) for text in texts) / 1e6
            speeds[name].append(size / run(texts))
    for name, speed in speeds.items():
        ratio = max(speeds[ours]) / max(speed)
        told = "" if name == ours else f"  eu is {ratio:.0f} times as fast"
        middle = statistics.median(speed)
        print(f"  {name:30} {max(speed):8.2f} MB/CPU-s (median {middle:.2f}){told}")


if __name__ == "__main__":
    main()
