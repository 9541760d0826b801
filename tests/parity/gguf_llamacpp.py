"""What llama.cpp makes of GGUF files written here: writes tests/golden/gguf_llamacpp.json.

    EU_PARITY_DIR=DIR cargo test --lib quant::parity
    python tests/parity/gguf_llamacpp.py DIR

Needs llama-cpp-python, whose version is noted.
"""
import hashlib
import json
import pathlib
import re
import sys

import llama_cpp
import llama_cpp.llama_cpp as low_level
import numpy

DEFAULT_PARAMS = low_level.llama_model_default_params


def plain_kernels():
    """Weights as they are in the file: repacked ones (AMX) need leave that not every system gives."""
    params = DEFAULT_PARAMS()
    params.use_extra_bufts = False
    return params


low_level.llama_model_default_params = plain_kernels


def greedy(model, prompt, n_tokens):
    """Likeliest tokens after a prompt, the margin of each, the logits after the prompt."""
    model.reset()
    model.eval(model.tokenize(prompt.encode(), add_bos=True, special=False))
    tokens, margins, first = [], [], None
    for _ in range(n_tokens):
        logits = numpy.array(model.scores[model.n_tokens - 1], dtype=numpy.float32)
        first = logits if first is None else first
        order = numpy.argsort(-logits, kind="stable")
        margins.append(round(float(logits[order[0]] - logits[order[1]]), 4))
        tokens.append(int(order[0]))
        model.eval([tokens[-1]])
    return tokens, margins, first


def main(folder):
    asked = json.loads((folder / "asked.json").read_text())
    files = []
    for name in asked["files"]:
        path = folder / name
        model = llama_cpp.Llama(
            str(path), n_ctx=128, n_threads=1, logits_all=True, verbose=False
        )
        ids = [
            model.tokenize(text.encode(), add_bos=False, special=False) for text in asked["texts"]
        ]
        answers = [greedy(model, prompt, asked["n_tokens"]) for prompt in asked["prompts"]]
        print(name, "narrowest margin", min(min(answer[1]) for answer in answers))
        files.append(
            {
                "name": name,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "ids": ids,
                "answers": [answer[0] for answer in answers],
                "margins": [answer[1] for answer in answers],
                "logits": [round(float(x), 4) for x in answers[0][2]],
            }
        )
    golden = {
        "made_by": "tests/parity/gguf_llamacpp.py",
        "llama_cpp_python": llama_cpp.__version__,
        "files": files,
    }
    target = pathlib.Path(__file__).parents[1] / "golden/gguf_llamacpp.json"
    # One list a line: the file stays readable, and a change shows where it is.
    text = json.dumps(golden, indent=1)
    text = re.sub(r"\n\s+(-?[\d.]+(?:e-?\d+)?,?)(?=\n)", r" \1", text)
    target.write_text(text + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
