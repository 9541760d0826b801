#!/usr/bin/env python3
"""The filters beside datatrove's own, on the same texts with the same thresholds.

    pip install datatrove spacy
    python tests/parity/filters_datatrove.py RECORDS.jsonl ... [--eu target/release/eu] [--per-lang 50]

Each line of RECORDS has `text` and `lang` (any code `eu` knows). `eu prepare explain` gives every
metric and threshold; datatrove's GopherQualityFilter, GopherRepetitionFilter and
FineWebQualityFilter are built with those thresholds. Printed: for each metric the mean and largest
difference, and for each language how often the verdicts agree, the worst first.

Two things differ by design. Words: datatrove splits with spaCy, differently for each language; eu
has one rule for all (see `src/data/filter/words.rs`). With --whitespace both see texts of which
only letters, digits and spaces are left, so that words are the same and all else must agree. Blank
lines: eu counts none; texts are given to both with runs of line ends made one, as trafilatura's
are, unless --blank-lines is given. Languages whose splitter needs a model that is not installed
(Stanza) are left out and said to be.
"""

import argparse
import collections
import json
import os
import re
import statistics
import subprocess
import sys

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.filters import fineweb_quality_filter as fineweb
from datatrove.pipeline.filters import gopher_quality_filter as quality
from datatrove.pipeline.filters import gopher_repetition_filter as repetition
from datatrove.utils import text as tools


def records(paths, per_lang, args):
    seen = collections.Counter()
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                seen[record["lang"]] += 1
                if seen[record["lang"]] > per_lang:
                    continue
                text = record["text"]
                if not args.blank_lines:
                    text = re.sub(r"\s*\n\s*", "\n", text).strip()
                if args.whitespace:
                    text = re.sub(r"[^\w\n]|_", " ", text)
                    text = "\n".join(" ".join(line.split()) for line in text.split("\n"))
                    text = re.sub(r"\n+", "\n", text).strip()
                yield {"id": str(len(seen)), "lang": record["lang"], "text": text}


def explained(eu, docs):
    """The checks of `eu prepare explain`, one dictionary by reason for each record."""
    lines = "".join(json.dumps(d, ensure_ascii=False) + "\n" for d in docs)
    command = [eu, "prepare", "explain", "--quiet"]
    environ = dict(os.environ, EU_TRUST_LABELS="true")  # by the labels that datatrove is told
    done = subprocess.run(
        command, input=lines.encode(), stdout=subprocess.PIPE, check=True, env=environ
    )
    for line in done.stdout.splitlines():
        told = json.loads(line)
        yield told["lang"], {check["reason"]: check for check in told["checks"]}


def measured(text, words):
    """The metrics as datatrove's filters compute them."""
    symbols = max(text.count("#"), text.count("...") + text.count("…"))
    plain = [w for w in words if any(c not in tools.PUNCTUATION_SET for c in w)]
    lines = text.splitlines()
    full = [line for line in text.split("\n") if line.strip()]
    paragraphs = re.split(r"\n{2,}", text.strip())
    metrics = {
        "n_words": len(plain),
        "mean_word_length": np.mean([len(w) for w in plain]) if plain else 0,
        "symbol_ratio": symbols / len(words),
        "alpha_ratio": sum(any(c.isalpha() for c in w) for w in words) / len(words),
        "bullet_lines": sum(l.lstrip().startswith(("•", "-")) for l in lines) / len(lines),
        "ellipsis_lines": sum(l.rstrip().endswith(("...", "…")) for l in lines) / len(lines),
        "dup_lines": repetition.find_duplicates(re.split("\n+", text))[0] / len(full),
        "dup_paragraphs": repetition.find_duplicates(paragraphs)[0] / len(paragraphs),
        "dup_line_chars": repetition.find_duplicates(full)[1] / len(text.replace("\n", "")),
        "line_punctuation": sum(l.endswith(tuple(tools.TERMINAL_PUNCTUATION)) for l in full)
        / len(full),
        "short_lines": sum(len(l) <= 30 for l in full) / len(full),
        "new_line_ratio": text.count("\n") / len(words),
    }
    for n in (2, 3, 4):
        grams = repetition.get_n_grams(words, n)
        top = repetition.find_top_duplicate(grams) if grams else 0
        metrics[f"top_{n}_gram"] = top / len(text)
    for n in range(5, 11):
        metrics[f"dup_{n}_gram"] = repetition.find_all_duplicate(words, n) / len(text)
    return metrics


def filters(lang, checks, stop_words):
    """datatrove's filters with the thresholds of `checks`."""
    of = lambda reason: checks[reason]["threshold"]
    return [
        quality.GopherQualityFilter(
            min_doc_words=of("too_few_words"),
            max_doc_words=of("too_many_words"),
            min_avg_word_length=of("short_words"),
            max_avg_word_length=of("long_words"),
            max_symbol_word_ratio=of("symbols"),
            max_bullet_lines_ratio=of("bullet_lines"),
            max_ellipsis_lines_ratio=of("ellipsis_lines"),
            max_non_alpha_words_ratio=of("few_letters"),
            min_stop_words=of("few_stop_words"),
            stop_words=stop_words,
            language=lang,
        ),
        repetition.GopherRepetitionFilter(
            dup_line_frac=of("dup_lines"),
            dup_para_frac=of("dup_paragraphs"),
            dup_line_char_frac=of("dup_line_chars_gopher"),
            dup_para_char_frac=of("dup_paragraph_chars"),
            top_n_grams=tuple((n, of(f"top_{n}_gram")) for n in (2, 3, 4)),
            dup_n_grams=tuple((n, of(f"dup_{n}_gram")) for n in range(5, 11)),
            language=lang,
        ),
        fineweb.FineWebQualityFilter(
            line_punct_thr=of("few_sentence_ends"),
            short_line_thr=of("short_lines"),
            char_duplicates_ratio=of("dup_line_chars"),
            new_line_ratio=of("many_line_ends"),
            language=lang,
        ),
    ]


FAMILIES = ("gopher_quality", "gopher_repetition", "fineweb")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("records", nargs="+")
    parser.add_argument("--eu", default="target/release/eu")
    parser.add_argument("--thresholds", default="assets/thresholds.json", help="for stop words")
    parser.add_argument("--per-lang", type=int, default=50)
    parser.add_argument("--whitespace", action="store_true")
    parser.add_argument("--blank-lines", action="store_true")
    args = parser.parse_args()

    with open(args.thresholds, encoding="utf-8") as file:
        stop_words = {row["lang"]: row["stopwords"] for row in json.load(file)}
    docs = list(records(args.records, args.per_lang, args))
    docs = [d for d in docs if d["text"]]
    gaps, agree, left_out = collections.defaultdict(list), collections.defaultdict(list), set()
    built, apart = {}, collections.Counter()
    if args.whitespace:
        split = lambda text, lang: text.split()
    else:
        split = tools.split_into_words
    for module in (quality, repetition, fineweb):
        module.split_into_words = split
    for doc, (lang, checks) in zip(docs, explained(args.eu, docs), strict=True):
        if lang in left_out:
            continue
        try:
            if lang not in built:
                split("a b", lang)
                built[lang] = filters(lang, checks, stop_words[lang])
        except Exception as error:
            print(f"{lang} left out: {str(error)[:70]!r}", file=sys.stderr)
            left_out.add(lang)
            continue
        words = split(doc["text"], lang)
        if not words:
            continue
        ours = {check["metric"]: check["value"] for check in checks.values()}
        for metric, value in measured(doc["text"], words).items():
            gap = abs(ours[metric] - value)
            gaps[metric].append(gap / max(value, 1) if metric == "n_words" else gap)
        kept = []
        for one in built[lang]:
            told = one.filter(Document(text=doc["text"], id="0"))
            kept.append(told is True or (isinstance(told, tuple) and told[0] is True))
        mine = [
            all(c["ok"] for c in checks.values() if c["family"] == family) for family in FAMILIES
        ]
        for family, a, b in zip(FAMILIES, kept, mine):
            if a != b:
                apart[family, "only eu keeps" if b else "only datatrove keeps"] += 1
        agree[lang].append(all(kept) == all(mine))

    print(f"{sum(map(len, agree.values()))} texts, {len(agree)} languages")
    print(f"{'metric':20} {'mean gap':>9} {'largest':>9}   (n_words: relative)")
    for metric, found in gaps.items():
        print(f"{metric:20} {statistics.mean(found):9.5f} {max(found):9.5f}")
    shares = sorted((statistics.mean(found), lang) for lang, found in agree.items())
    total = statistics.mean(a for found in agree.values() for a in found)
    print(f"verdicts agree on {100 * total:.2f} % of texts; by language, the worst first:")
    print("  " + "  ".join(f"{lang} {100 * share:.1f}" for share, lang in shares))
    for (family, how), n in sorted(apart.items()):
        print(f"  {family}: {how} {n}")


if __name__ == "__main__":
    main()
