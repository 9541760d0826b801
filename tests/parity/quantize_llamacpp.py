"""Which types and bytes llama-quantize gives the tensors of models made here: writes
tests/golden/quantize_llamacpp.json.

    EU_MIXES_DIR=DIR cargo test --lib quant::mixes
    pip install gguf
    python tests/parity/quantize_llamacpp.py DIR PATH/TO/llama-quantize

Types are those of a dry run; bytes of one small model are compared tensor by tensor.
"""
import hashlib
import json
import pathlib
import re
import subprocess
import sys

from gguf import GGUFReader

ROW = re.compile(r"^\[ *\d+/ *\d+\] (\S+) +- \[(.*?)\], type = +(\w+), (.*)$")


def cases(asked, weighed):
    """Name of each case, type, and whether columns have importance."""
    for name in asked:
        yield name, name, False
        if name in weighed:
            yield f"{name}+imatrix", name, True


def run(program, folder, model, name, has_importance, *rest):
    command = [program, *rest[:-1]]
    if has_importance:
        command += ["--imatrix", folder / f"{model}.imatrix"]
    command += [folder / f"{model}.gguf", *rest[-1:], name.upper(), "1"]
    command = [str(part) for part in command if part]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    return done.stdout.decode(errors="replace")


def types(program, folder, model, name, has_importance):
    """Types of the matrices by part, in the order of the layers."""
    text = run(program, folder, model, name, has_importance, "--dry-run", None)
    found = {}
    for line in text.splitlines():
        row = ROW.match(line)
        if not row or "norm" in row[1]:
            continue
        made = re.search(r"\((\w+)\)$", row[4].strip())
        kind = (made[1] if made else row[3]).upper()
        layer = re.match(r"blk\.(\d+)\.(.*)", row[1])
        part, at = (layer[2], int(layer[1])) if layer else (row[1], 0)
        found.setdefault(part, {})[at] = kind
    assert found, text
    told = {}
    for part, kinds in sorted(found.items()):
        kinds = [kinds[at] for at in sorted(kinds)]
        told[part] = kinds[0] if len(set(kinds)) == 1 else " ".join(kinds)
    return told


def hashes(program, folder, model, name, has_importance):
    made = folder / "made.gguf"
    run(program, folder, model, name, has_importance, made)
    tensors = {t.name: t.data for t in GGUFReader(made).tensors}
    return {n: hashlib.sha256(d.tobytes()).hexdigest()[:16] for n, d in sorted(tensors.items())}


def main(folder, program):
    asked = json.loads((folder / "asked.json").read_text())
    names = asked["types"]
    golden = {"made_by": "tests/parity/quantize_llamacpp.py", "types": {}, "bytes": {}}
    for model in asked["shapes"]:
        of_model = golden["types"][model] = {}
        for case, name, has_importance in cases(names, names):
            of_model[case] = types(program, folder, model, name, has_importance)
    for case, name, has_importance in cases(names, asked["weighed"]):
        golden["bytes"][case] = hashes(program, folder, asked["small"], name, has_importance)
    target = pathlib.Path(__file__).parents[1] / "golden/quantize_llamacpp.json"
    target.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
