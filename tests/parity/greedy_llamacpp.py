"""What llama.cpp says greedily after a beginning in each of ten languages: writes
tests/golden/greedy_llamacpp.json.

    python tests/parity/greedy_llamacpp.py MODEL.gguf ...

Needs llama-cpp-python, whose version is noted. Of every file: the ids of the beginnings, 64 tokens,
and by how much each was ahead of the second. Ids and figures only; no weights and no text of models.
What was written down of other files stays. Files in F16, where nothing is rounded to eight bits, are
made by `eu quantize MODEL.gguf --type f16 -o MODEL-f16.gguf`.
"""

import hashlib
import json
import pathlib
import re
import sys

import llama_cpp
import numpy
import smollm2_llamacpp  # noqa: F401: weights as they are in the file, not repacked

# Article 1 of the Universal Declaration of Human Rights, its first words.
PROMPTS = {
    "eng_Latn": "All human beings are born free and equal in dignity and rights. They",
    "deu_Latn": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie",
    "fra_Latn": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils",
    "spa_Latn": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y,",
    "ita_Latn": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi",
    "pol_Latn": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są",
    "ell_Grek": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "bul_Cyrl": "Всички хора се раждат свободни и равни по достойнство и права. Те",
    "fin_Latn": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille",
    "kat_Geor": "ყველა ადამიანი იბადება თავისუფალი და თანასწორი თავისი ღირსებითა და უფლებებით.",
}
N_TOKENS = 64


def said(path):
    model = llama_cpp.Llama(str(path), n_ctx=512, n_threads=2, logits_all=True, verbose=False)
    cases = []
    for lang, prompt in PROMPTS.items():
        ids = model.tokenize(prompt.encode(), add_bos=True, special=False)
        model.reset()
        model.eval(ids)
        tokens, margins = [], []
        while len(tokens) < N_TOKENS:
            logits = numpy.array(model.scores[model.n_tokens - 1])
            best, second = numpy.sort(logits)[::-1][:2]
            tokens.append(int(numpy.argmax(logits)))
            margins.append(round(float(best - second), 3))
            model.eval([tokens[-1]])
        cases.append({"lang": lang, "prompt": ids, "tokens": tokens, "margins": margins})
        print(path.name, lang, min(margins))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"name": path.name, "sha256": sha256, "cases": cases}


def main(paths):
    target = pathlib.Path(__file__).parents[1] / "golden/greedy_llamacpp.json"
    names = {path.name for path in paths}
    files = json.loads(target.read_text())["files"] if target.exists() else []
    golden = {
        "made_by": "tests/parity/greedy_llamacpp.py",
        "llama_cpp_python": llama_cpp.__version__,
        "prompts": PROMPTS,
        "files": [file for file in files if file["name"] not in names] + [said(p) for p in paths],
    }
    # One list a line: the file stays readable, and a change shows where it is.
    text = json.dumps(golden, ensure_ascii=False, indent=1)
    target.write_text(re.sub(r"\n\s+(-?[\d.]+,?)(?=\n)", r" \1", text) + "\n")


if __name__ == "__main__":
    main([pathlib.Path(path) for path in sys.argv[1:]])
