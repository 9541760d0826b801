#!/usr/bin/env bash
# A model of 52 million parameters on a processor, from a folder of your own text:
#
#     bash runs/cpu.sh TEXT [FOLDER]
#
# TEXT is a folder of .jsonl or .txt files (also .gz, .zst), FOLDER (default: small) is made.
# EU names the program, MINUTES says how long to train (default: 600).
#
# What it takes (recipes/small.toml):
#   parameters   embedding 32 768 x 512 = 16.8 M; a layer 512 x (512 + 2 x 256) for queries, keys and
#                values + 512 x 512 + 3 x 512 x 1408 = 2.95 M, twelve of them 35.4 M: N = 52.2 M
#   arithmetic   6 N floating-point operations a token forward and back (arXiv 2001.08361), and
#                6 x 12 layers x 512 wide x 512 tokens = 19 M for attention, half of it masked:
#                0.32 GFLOP a token
#   pace         a core that does 100 GFLOP/s sees at most 300 tokens a second; 16 such cores 5 000
#   tokens       20 a parameter (arXiv 2203.15556) are a thousand million: 2.5 days on 16 cores;
#                ten hours see 170 million
#   memory       parameters, gradients and two moments in f32: 16 N = 0.8 GB, and what the layers
#                keep for the way back; `eu train -n` says how much
#   disk         a checkpoint 12 N = 0.6 GB, three are kept; a GGUF file in Q4_K_M about 40 MB
set -euo pipefail
if [[ $# -lt 1 ]]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")/.." && pwd)
eu=${EU:-$here/target/release/eu}
text=$1 out=${2:-small} minutes=${MINUTES:-600}
with=(--recipe "$here/recipes/small.toml")

# What was read, what was dropped and why: FOLDER/data/report.json and FOLDER/data/dropped/.
[[ -e $out/data ]] || "$eu" prepare "$text" "${with[@]}" -o "$out/data"
# Memory, disk and number of steps before anything begins.
"$eu" train "$out/data" "${with[@]}" -o "$out/run" --minutes "$minutes" -n
# Ctrl-C saves a checkpoint; the same script goes on from there.
resume=()
[[ -e $out/run ]] && resume=(--resume)
[[ -e $out/run/model ]] || "$eu" train "$out/data" "${with[@]}" -o "$out/run" --minutes "$minutes" "${resume[@]}"
"$eu" eval "$out/run" "${with[@]}" --data "$out/data" -o "$out/results" --force
"$eu" quantize "$out/run" "${with[@]}" --data "$out/data" -o "$out/model-q4_k_m.gguf" --force
echo "talk to it: $eu chat $out/model-q4_k_m.gguf --raw" >&2
