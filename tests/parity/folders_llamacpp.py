"""Small models of each architecture as Hugging Face folders, made GGUF files by `eu quantize`: do
transformers and llama.cpp compute the same?

    python tests/parity/folders_llamacpp.py --eu PATH DIR

Writes folders and files in DIR and prints how far logits are apart. Weights are random; the
tokenizer is that of tests/fixtures. Needs transformers, torch and llama-cpp-python.
"""

import argparse
import json
import pathlib
import subprocess

import llama_cpp
import numpy
import smollm2_llamacpp  # noqa: F401: weights as they are in the file, not repacked
import torch
import transformers as tf

ROOT = pathlib.Path(__file__).parents[2]
COMMON = dict(
    vocab_size=259,
    hidden_size=64,
    intermediate_size=128,
    num_hidden_layers=7,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=32,
    max_position_embeddings=512,
    bos_token_id=0,
    eos_token_id=0,
    pad_token_id=0,
)
LLAMA3 = dict(rope_type="llama3", rope_theta=1e4, factor=8.0, low_freq_factor=1.0)
LLAMA3 |= dict(high_freq_factor=4.0, original_max_position_embeddings=128)


def configs():
    yield "mistral", tf.MistralConfig(**COMMON, sliding_window=None, tie_word_embeddings=False)
    yield "llama3", tf.LlamaConfig(**COMMON, rope_parameters=LLAMA3, tie_word_embeddings=False)
    yield "qwen3", tf.Qwen3Config(**COMMON, tie_word_embeddings=True)
    yield (
        "gemma3",
        tf.Gemma3TextConfig(**COMMON, sliding_window=64, query_pre_attn_scalar=32),
    )
    yield "apertus", tf.ApertusConfig(**COMMON, tie_word_embeddings=False)


def main(args):
    text = "Alle Menschen sind frei und gleich an Würde und Rechten geboren. " * 3
    for name, config in configs():
        torch.manual_seed(1)
        model = tf.AutoModelForCausalLM.from_config(config).to(torch.float32).eval()
        with torch.no_grad():
            for weight in model.parameters():
                if weight.dim() == 2:
                    weight.mul_(4)
                elif weight.numel() > 1:
                    weight.add_(torch.randn_like(weight) * 0.2)
        folder = args.folder / name
        model.save_pretrained(folder)
        tokenizer = json.loads((ROOT / "tests/fixtures/tokenizer-bytes.json").read_text())
        cut = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
        tokenizer["pre_tokenizer"] = cut | {"use_regex": True}  # as GPT-2 does
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
        path = args.folder / f"{name}.gguf"
        made = [args.eu, "quantize", folder, "--type", "f16", "-o", path, "--force", "-q"]
        subprocess.run(made, check=True)
        low = llama_cpp.Llama(str(path), n_ctx=512, logits_all=True, verbose=False)
        ids = [0, *low.tokenize(text.encode(), add_bos=False, special=False)]
        low.eval(ids)
        theirs = numpy.array(low.scores[: len(ids)])
        with torch.no_grad():
            whole = model(torch.tensor([ids])).logits[0].numpy()
        apart = numpy.abs(theirs - whole).max()
        like = (theirs.argmax(1) == whole.argmax(1)).mean()
        print(json.dumps({"model": name, "tokens": len(ids), "largest": float(numpy.abs(whole).max()),
                          "apart": float(apart), "like": float(like)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--eu", required=True)
    parser.add_argument("folder", type=pathlib.Path)
    main(parser.parse_args())
