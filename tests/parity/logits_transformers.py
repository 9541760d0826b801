"""Logits of a folder exported by Europium, computed by transformers in f32 on the CPU.

Make the golden again, from the root of the repository, with any Python that has transformers:

    EU_PARITY_FOLDER=/tmp/exported cargo test --test it transformers
    python tests/parity/logits_transformers.py /tmp/exported > tests/golden/logits_transformers.json
"""

import json
import sys

import torch
import transformers

folder = sys.argv[1]
torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
model = transformers.AutoModelForCausalLM.from_pretrained(
    folder, dtype=torch.float32, attn_implementation="eager"
).eval()

text = "Grüß ß"
ids = [tokenizer.bos_token_id] + tokenizer(text).input_ids
with torch.no_grad():
    logits = model(torch.tensor([ids])).logits[0]
conversation = tokenizer.apply_chat_template(
    [{"role": "user", "content": "Grüße"}], tokenize=False, add_generation_prompt=True
)

rows = ",\n".join("  [" + ",".join(f"{x:.6g}" for x in row) + "]" for row in logits.tolist())
golden = {
    "made_by": "tests/parity/logits_transformers.py, "
    f"transformers {transformers.__version__}, torch {torch.__version__}",
    "model_class": type(model).__name__,
    "tokenizer_class": type(tokenizer).__name__,
    "text": text,
    "ids": ids,
    "eos_token_id": model.generation_config.eos_token_id,
    "conversation": conversation,
}
head = json.dumps(golden, ensure_ascii=False, indent=1).removesuffix("\n}")
print(f'{head},\n "logits": [\n{rows}\n ]\n}}')
