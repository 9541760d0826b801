"""How far files of fewer bits diverge from a model, language by language, as llama.cpp computes both.

    python benches/peers/divergence.py MODEL-f16.gguf FILE.gguf... --text data/heldout --tokens 512

Prints for each file its bits a weight, the languages it diverges most in, and the mean over
languages: Kullback-Leibler divergence of its predictions from the model's, in nats a token.
Needs llama-cpp-python, numpy and zstdcat.
"""
import argparse
import json
import pathlib
import subprocess

import llama_cpp
import llama_cpp.llama_cpp as low_level
import numpy

WINDOW = 256
DEFAULT_PARAMS = low_level.llama_model_default_params


def plain_kernels():
    """Weights as they are in the file: repacked ones (AMX) need leave that not every system gives."""
    params = DEFAULT_PARAMS()
    params.use_extra_bufts = False
    return params


low_level.llama_model_default_params = plain_kernels


def opened(path, threads):
    return llama_cpp.Llama(
        str(path), n_ctx=WINDOW, n_batch=WINDOW, n_ubatch=WINDOW, n_threads=threads,
        n_threads_batch=threads, logits_all=True, verbose=False)


def log_softmax(model, ids):
    model.reset()
    model.eval(ids)
    logits = numpy.array(model.scores[: len(ids)], dtype=numpy.float32)
    logits -= logits.max(axis=1, keepdims=True)
    return logits - numpy.log(numpy.exp(logits).sum(axis=1, keepdims=True, dtype=numpy.float64))


def texts(folder):
    for path in sorted(folder.glob("*.jsonl.zst")):
        lines = subprocess.run(["zstdcat", path], stdout=subprocess.PIPE, check=True).stdout
        records = [json.loads(line) for line in lines.splitlines()]
        yield path.name.split(".")[0], "\n\n".join(r["text"] for r in records)


def main(args):
    base = opened(args.model, args.threads)
    files = {path: opened(path, args.threads) for path in args.files}
    found = {path: {} for path in files}
    for lang, text in texts(args.text):
        ids = base.tokenize(text[: 8 * args.tokens].encode(), add_bos=False)[: args.tokens]
        sums, n = dict.fromkeys(files, 0.0), 0
        for at in range(0, len(ids), WINDOW):
            window = ids[at : at + WINDOW]
            of_base = log_softmax(base, window)
            p = numpy.exp(of_base)
            for path, model in files.items():
                sums[path] += float((p * (of_base - log_softmax(model, window))).sum())
            n += len(window)
        for path in files:
            found[path][lang] = sums[path] / max(n, 1)
    for path, langs in found.items():
        worst = sorted(langs.items(), key=lambda row: -row[1])
        row = {
            "file": path.name,
            "len_bytes": path.stat().st_size,
            "worst": {lang: round(kld, 4) for lang, kld in worst[:4]},
            "mean": round(sum(langs.values()) / len(langs), 4),
            "english": round(langs.get("eng_Latn", float("nan")), 4),
        }
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("files", type=pathlib.Path, nargs="+")
    parser.add_argument("--text", type=pathlib.Path, required=True)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
