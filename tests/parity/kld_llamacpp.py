"""What llama-perplexity --kl-divergence says of files in fewer bits beside the model they were made
of: writes tests/golden/kld_llamacpp.json.

    python tests/parity/kld_llamacpp.py --llama-perplexity PATH --eu PATH --folder DIR MODEL.gguf

Makes the files with `eu quantize` in DIR, where the test finds them by EU_TEST_MODELS. Needs
llama-cpp-python (for ids of tokens; its version is noted), zstd, and llama-perplexity of the same
version. The text is the corpus of this repository. Ids and figures only; no weights.
"""

import argparse
import hashlib
import json
import pathlib
import re
import subprocess
import tempfile

import llama_cpp

LANGS = ["eng_Latn", "deu_Latn", "fra_Latn", "ell_Grek"]
TYPES = ["q8_0", "q4_k_m", "q2_k"]
CONTEXT = 512
N_CHUNKS = 8
ROOT = pathlib.Path(__file__).parents[2]

FIGURES = {
    "ppl": r"Mean PPL\(Q\)\s*:\s*(\S+)",
    "ppl_base": r"Mean PPL\(base\)\s*:\s*(\S+)",
    "kl_mean": r"Mean\s+KLD:\s*(\S+)",
    "kl_max": r"Maximum KLD:\s*(\S+)",
    "kl_p999": r"99\.9%\s+KLD:\s*(\S+)",
    "kl_p99": r"99\.0%\s+KLD:\s*(\S+)",
    "kl_median": r"Median\s+KLD:\s*(\S+)",
    "p_change": r"Mean\s+Δp:\s*(\S+)",
    "p_change_rms": r"RMS Δp\s*:\s*(\S+)",
    "same_top": r"Same top p\s*:\s*(\S+)",
}


def text():
    """Articles of some languages in turn, so that the first chunks have all of them."""
    corpus = ROOT / "assets/corpus/udhr.jsonl.zst"
    lines = subprocess.run(["zstd", "-dc", corpus], check=True, capture_output=True).stdout
    records = [json.loads(line) for line in lines.splitlines()]
    chosen = [r for r in records if r["lang"] in LANGS]
    chosen.sort(key=lambda r: (r["article"], LANGS.index(r["lang"])))
    return "\n".join(r["text"] for r in chosen)


def windows(model, words):
    low = llama_cpp.Llama(str(model), vocab_only=True, verbose=False)
    adds_bos = llama_cpp.llama_cpp.llama_vocab_get_add_bos(low._model.vocab)
    ids = low.tokenize(words.encode(), add_bos=adds_bos, special=False)
    chunks = [ids[at : at + CONTEXT] for at in range(0, N_CHUNKS * CONTEXT, CONTEXT)]
    if adds_bos:
        chunks = [[low.token_bos(), *chunk[1:]] for chunk in chunks]
    return chunks


def figures(said):
    found = {name: float(re.search(form, said)[1].rstrip("%")) for name, form in FIGURES.items()}
    for name in ["p_change", "p_change_rms", "same_top"]:
        found[name] = found[name] / 100  # said in percent
    return found


def main(args):
    args.folder.mkdir(parents=True, exist_ok=True)
    stem = args.model.stem

    def made(kind, of):
        path = args.folder / f"{stem}-{kind}.gguf"
        if not path.exists():
            subprocess.run([args.eu, "quantize", of, "--type", kind, "-o", path], check=True)
        return path

    base = made("f16", args.model)
    others = [made(kind, base) for kind in TYPES]
    with tempfile.TemporaryDirectory() as folder:
        words = pathlib.Path(folder) / "text.txt"
        words.write_text(text())
        logits = pathlib.Path(folder) / "logits"
        command = [args.llama_perplexity, "-f", words, "-c", str(CONTEXT), "-t", "2", "-b", "512"]
        command += ["--chunks", str(N_CHUNKS), "--kl-divergence-base", logits]
        subprocess.run([*command, "-m", base], check=True, capture_output=True)
        files = []
        for path in others:
            run = [*command, "--kl-divergence", "-m", path]
            said = subprocess.run(run, check=True, capture_output=True, text=True)
            found = figures(said.stdout + said.stderr)
            print(path.name, found)
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            files.append({"name": path.name, "sha256": sha256, "figures": found})
    golden = {
        "made_by": "tests/parity/kld_llamacpp.py",
        "llama_cpp_python": llama_cpp.__version__,
        "base": base.name,
        "sha256": hashlib.sha256(base.read_bytes()).hexdigest(),
        "n_scored": CONTEXT - CONTEXT // 2 - 1,
        "windows": windows(base, text()),
        "files": files,
    }
    out = ROOT / "tests/golden/kld_llamacpp.json"
    words = json.dumps(golden, ensure_ascii=False, indent=1)
    words = re.sub(r"\[[\d,\s]+\]", lambda m: " ".join(m[0].split()), words)
    out.write_text(words + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--llama-perplexity", required=True)
    parser.add_argument("--eu", required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("model", type=pathlib.Path)
    main(parser.parse_args())
