#!/usr/bin/env python3
"""Training and encoding beside the library `tokenizers`, on the same texts, by turns.

    pip install tokenizers
    python benches/peers/tokenizer.py TEXTS.jsonl ... [--eu target/release/eu] [--rounds 5]

TEXTS.jsonl has a record with a field `text` in each line. Both programs train a plain byte-level
BPE vocabulary with the same word pattern on all of it, one thread each, and the merges are
compared; then both encode all of it with the vocabulary that eu made, and the ids are compared.

Speed is megabytes of text for each second of processor time. eu is timed as a whole process; from
encoding, what it takes to start and to read the vocabulary (a run on no text) is taken off, as the
peer is given its vocabulary loaded. Of the peer only the calls are timed. Medians are printed with
the extremes, every program running once in each round.

Used of eu:
    eu prepare tokenizer FILE --output FOLDER --vocab-size N --plain --threads 1
    eu prepare encode --tokenizer FOLDER/tokenizer.json --threads 1   (records in, `ids` out)
With --count eu is called with --count too, and prints for each record {"n_ids": N, "xxh3": "..."}:
16 hexadecimal digits of XXH3-64 over the ids as 4 bytes each, the lowest first. Writing the ids as
JSON takes longer than finding them. (This needs `pip install xxhash`.)
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import struct
import subprocess
import tempfile
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import tokenizers  # noqa: E402
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: E402

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def timed(command, **how):
    """Output of a process, and its processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, **how)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, spent


def peer_train(texts, size):
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    split = pre_tokenizers.Split(Regex(PATTERN), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    began = time.process_time()
    tokenizer.train_from_iterator(texts, trainer)
    spent = time.process_time() - began
    return json.loads(tokenizer.to_str())["model"]["merges"], spent


def peer_encode(path, texts):
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.encode_special_tokens = True
    began = time.process_time()
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    return ids, time.process_time() - began


def told(name, speeds, other=None):
    middle = statistics.median(speeds)
    line = f"  {name:20} {middle:7.2f} MB/CPU-s ({min(speeds):.2f} to {max(speeds):.2f})"
    if other:
        line += f"  eu is {statistics.median(other) / middle:.1f} times as fast"
    print(line)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts", nargs="+", type=pathlib.Path)
    parser.add_argument("--eu", default="target/release/eu")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--vocab-size", type=int, default=32768)
    parser.add_argument("--count", action="store_true", help="compare hashes of ids")
    args = parser.parse_args()

    texts = []
    for path in args.texts:
        with open(path, encoding="utf-8") as lines:
            texts += [json.loads(line)["text"] for line in lines]
    size = sum(len(text.encode()) for text in texts) / 1e6
    peer = f"tokenizers {tokenizers.__version__}"
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        machine = next((l.split(":", 1)[1].strip() for l in lines if l.startswith("model name")), "")
    print(f"machine: {machine}\n{len(texts)} texts, {size:.1f} MB, vocabulary {args.vocab_size}")

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        records = "".join(
            json.dumps({"id": str(i), "lang": "en", "text": text}, ensure_ascii=False) + "\n"
            for i, text in enumerate(texts)
        )
        (folder / "texts.jsonl").write_text(records, encoding="utf-8")
        made = folder / "made"
        train = [args.eu, "prepare", "tokenizer", str(folder / "texts.jsonl"), "--output", str(made)]
        train += ["--vocab-size", str(args.vocab_size), "--plain", "--threads", "1", "--quiet"]
        ours, theirs = [], []
        for _ in range(args.rounds):
            subprocess.run(["rm", "-rf", str(made)], check=True)
            ours.append(size / timed(train)[1])
            merges, spent = peer_train(texts, args.vocab_size)
            theirs.append(size / spent)
        own = json.loads((made / "tokenizer.json").read_text(encoding="utf-8"))["model"]["merges"]
        same = sum(a == b for a, b in zip(own, merges))
        print(f"training: {same} of {len(merges)} merges are the same, at the same place")
        told("eu", ours)
        told(peer, theirs, ours)

        encode = [args.eu, "prepare", "encode", "--tokenizer", str(made / "tokenizer.json")]
        encode += ["--threads", "1", "--quiet"] + (["--count"] if args.count else [])
        ours, theirs = [], []
        for _ in range(args.rounds):
            out, spent = timed(encode, input=records.encode())
            ours.append(size / max(spent - timed(encode, input=b'{"text": ""}\n')[1], 1e-3))
            ids, spent = peer_encode(made / "tokenizer.json", texts)
            theirs.append(size / spent)
        got = [json.loads(line) for line in out.splitlines()]
        if args.count:
            import xxhash

            got = [(row["n_ids"], row["xxh3"]) for row in got]
            packed = [struct.pack(f"<{len(row)}I", *row) for row in ids]
            ids = [(len(row) // 4, xxhash.xxh3_64_hexdigest(row)) for row in packed]
        else:
            got = [row["ids"] for row in got]
        differ = sum(a != b for a, b in zip(got, ids)) + abs(len(got) - len(ids))
        print(f"encoding: {differ} of {len(ids)} texts have other ids")
        told("eu", ours)
        told(peer, theirs, ours)


if __name__ == "__main__":
    main()
