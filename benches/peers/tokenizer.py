#!/usr/bin/env python3
"""Training and encoding beside the library `tokenizers`, on the same texts, by turns.

    pip install tokenizers
    python benches/peers/tokenizer.py TEXTS.jsonl ... [--eu target/release/eu] [--rounds 5]

TEXTS.jsonl has a record with a field `text` in each line. Both programs train a plain byte-level
BPE vocabulary with the same word pattern on all of it, one thread each, and the merges are
compared; then both encode all of it with the vocabulary that eu made, and the ids are compared.
With --tokenizer FILE nothing is trained, and both encode with that vocabulary.

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

import json
import os
import pathlib
import shutil
import struct
import tempfile
import time

from timing import by_turns, called, options, print_machine, print_speeds, timed, version

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import tokenizers  # noqa: E402
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: E402

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


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
    return called(lambda text: tokenizer.encode(text, add_special_tokens=False).ids, texts)


def main():
    parser = options(__doc__, rounds=5)
    parser.add_argument("texts", nargs="+", type=pathlib.Path)
    parser.add_argument("--vocab-size", type=int, default=32768)
    parser.add_argument("--tokenizer", type=pathlib.Path, help="encode with this, train nothing")
    parser.add_argument("--count", action="store_true", help="compare hashes of ids")
    args = parser.parse_args()

    texts = []
    for path in args.texts:
        with open(path, encoding="utf-8") as lines:
            texts += [json.loads(line)["text"] for line in lines]
    size = sum(len(text.encode()) for text in texts) / 1e6
    ours, peer = version(args.eu), f"tokenizers {tokenizers.__version__}"
    print_machine()
    print(f"{len(texts)} texts, {size:.1f} MB, vocabulary {args.tokenizer or args.vocab_size}")

    def print_rounds(spent):
        speeds = {name: [size / max(s, 1e-3) for s in seconds] for name, seconds in spent.items()}
        print_speeds(speeds, ours, "MB/CPU-s")

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

        def train_anew():
            shutil.rmtree(made, ignore_errors=True)
            return timed(train)

        if not args.tokenizer:
            programs = {ours: train_anew, peer: lambda: peer_train(texts, args.vocab_size)}
            found, spent = by_turns(args.rounds, programs)
            merges = found[peer]
            own = json.loads((made / "tokenizer.json").read_bytes())["model"]["merges"]
            same = sum(a == b for a, b in zip(own, merges))
            print(f"training: {same} of {len(merges)} merges are the same, at the same place")
            print_rounds(spent)

        vocabulary = args.tokenizer or made / "tokenizer.json"
        encode = [args.eu, "prepare", "encode", "--tokenizer", str(vocabulary)]
        encode += ["--threads", "1", "--quiet"] + (["--count"] if args.count else [])

        def encode_all():
            out, seconds = timed(encode, input=records.encode())
            return out, seconds - timed(encode, input=b'{"text": ""}\n')[1]

        programs = {ours: encode_all, peer: lambda: peer_encode(vocabulary, texts)}
        found, spent = by_turns(args.rounds, programs)
        out, ids = found[ours], found[peer]
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
        print_rounds(spent)


if __name__ == "__main__":
    main()
