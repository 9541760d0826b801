#!/usr/bin/env bash
# The whole walk in a minute: text, tokens, model, scores, GGUF, words. From the root of the
# repository:
#
#     cargo build --release && bash runs/tiny.sh [FOLDER]
#
# FOLDER (default: tiny) must not exist yet; EU names the program.
set -euo pipefail
cd "$(dirname "$0")/.."
eu=${EU:-target/release/eu}
out=${1:-tiny}
with=(--recipe recipes/tiny.toml)

# 39 languages x 31 records in, a vocabulary of 4096 and shards of tokens out.
"$eu" prepare "${with[@]}" -o "$out/data"
# 100 steps x 16 sequences x 128 tokens = 204 800 tokens.
"$eu" train "$out/data" "${with[@]}" -o "$out/run"
# Bits per byte on the records held out, the worst language first.
"$eu" eval "$out/run" "${with[@]}" --data "$out/data" -o "$out/results"
# 32-bit floats to blocks of 8-bit integers: a quarter of the size, and what it costs each language.
"$eu" quantize "$out/run" "${with[@]}" --data "$out/data" -o "$out/model-q8_0.gguf"
# Who made it, from what; every file still has the hash that was written down.
"$eu" inspect "$out/model-q8_0.gguf"
# The same seed says the same words. They make no sense: the model has read 350 kilobytes.
"$eu" chat "$out/model-q8_0.gguf" "${with[@]}" -p "Alle Menschen sind" > "$out/once"
"$eu" chat "$out/model-q8_0.gguf" "${with[@]}" -p "Alle Menschen sind" > "$out/again"
cmp "$out/once" "$out/again"
cat "$out/once"
