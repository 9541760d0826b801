"""Greedy answers of llama.cpp with SmolLM2-135M-Instruct: writes tests/golden/smollm2_llamacpp.json.

    python tests/parity/smollm2_llamacpp.py SmolLM2-135M-Instruct.Q4_1.gguf

Needs llama-cpp-python and jinja2, whose versions are noted.
"""
import hashlib
import json
import pathlib
import re
import sys

import jinja2
import llama_cpp
import llama_cpp.llama_cpp as low_level
import numpy

QUESTIONS = [
    "What is the capital of France?",
    "Name three rivers of Europe.",
    "Wie heißt die Hauptstadt von Österreich?",
]
N_TOKENS = 24
DEFAULT_PARAMS = low_level.llama_model_default_params


def plain_kernels():
    """Weights as they are in the file: repacked ones (AMX) need leave that not every system gives."""
    params = DEFAULT_PARAMS()
    params.use_extra_bufts = False
    return params


low_level.llama_model_default_params = plain_kernels


def main(path):
    model = llama_cpp.Llama(str(path), n_ctx=512, n_threads=2, logits_all=True, verbose=False)
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(model.metadata["tokenizer.chat_template"])
    cases = []
    for question in QUESTIONS:
        messages = [{"role": "user", "content": question}]
        prompt = template.render(messages=messages, add_generation_prompt=True)
        ids = model.tokenize(prompt.encode(), add_bos=False, special=True)
        model.reset()
        model.eval(ids)
        tokens, margins = [], []
        while len(tokens) < N_TOKENS:
            logits = numpy.array(model.scores[model.n_tokens - 1])
            best, second = numpy.sort(logits)[::-1][:2]
            tokens.append(int(numpy.argmax(logits)))
            margins.append(round(float(best - second), 3))
            model.eval([tokens[-1]])
        print(b"".join(model.detokenize([t]) for t in tokens).decode(), margins)
        cases.append({"question": question, "prompt": ids, "tokens": tokens, "margins": margins})
    golden = {
        "made_by": "tests/parity/smollm2_llamacpp.py",
        "llama_cpp_python": llama_cpp.__version__,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "cases": cases,
    }
    target = pathlib.Path(__file__).parents[1] / "golden/smollm2_llamacpp.json"
    # One list a line: the file stays readable, and a change shows where it is.
    text = json.dumps(golden, ensure_ascii=False, indent=1)
    target.write_text(re.sub(r"\n\s+(-?[\d.]+,?)(?=\n)", r" \1", text) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
