"""What llama-imatrix sums of the activations of a model: writes tests/golden/imatrix_llamacpp.json.

    python tests/parity/imatrix_llamacpp.py SmolLM2-135M-Instruct.Q4_1.gguf PATH/TO/llama-imatrix

Needs gguf and llama-cpp-python (for the ids of the text). The text is the beginning of the Universal
Declaration of Human Rights in some languages, cut as llama-imatrix cuts it.
"""
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

import llama_cpp
from gguf import GGUFReader

CONTEXT, CHUNKS = 128, 2
LANGS = ["eng_Latn", "ell_Grek", "fin_Latn", "pol_Latn"]
# matrices whose columns are kept one by one
KEPT = ["blk.0.attn_q", "blk.4.attn_output", "blk.15.ffn_up", "blk.22.ffn_gate", "blk.29.ffn_down"]
COLUMNS = 96


def main(model, program, texts):
    records = subprocess.run(["zstdcat", texts], stdout=subprocess.PIPE, check=True).stdout
    records = [json.loads(line) for line in records.splitlines()]
    first = {lang: next(r["text"] for r in records if r["lang"] == lang) for lang in LANGS}
    text = "".join(text[:500] + "\n" for text in first.values())
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "text.txt").write_text(text)
        out = folder / "out.gguf"
        command = [program, "-m", model, "-f", folder / "text.txt", "-o", out, "--no-ppl", "-t", "1"]
        command += ["-c", CONTEXT, "-b", CONTEXT, "-ub", CONTEXT, "--chunks", CHUNKS]
        subprocess.run([str(part) for part in command], check=True)
        tensors = {t.name: t.data.flatten() for t in GGUFReader(out).tensors}
    vocab = llama_cpp.Llama(str(model), vocab_only=True, verbose=False)
    ids = vocab.tokenize(text.encode(), add_bos=False, special=False)[: CONTEXT * CHUNKS]
    matrices = {}
    for name, sums in sorted(tensors.items()):
        if not name.endswith(".in_sum2"):
            continue
        name = name.removesuffix(".in_sum2")
        matrix = {"sum": float(sums.sum()), "count": int(tensors[f"{name}.counts"][0])}
        if name.removesuffix(".weight") in KEPT:
            matrix["columns"] = [float(f"{x:.6g}") for x in sums[:COLUMNS]]
        matrices[name] = matrix
    golden = {
        "made_by": "tests/parity/imatrix_llamacpp.py",
        "llama_cpp_python": llama_cpp.__version__,
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "chunk": CONTEXT,
        "ids": ids,
        "matrices": matrices,
    }
    golden_path = pathlib.Path(__file__).parents[1] / "golden" / "imatrix_llamacpp.json"
    golden_path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    here = pathlib.Path(__file__).parents[2]
    main(pathlib.Path(sys.argv[1]), sys.argv[2], here / "assets" / "corpus" / "udhr.jsonl.zst")
