"""What Jinja makes of chat templates: writes tests/golden/chat_templates.json.

    python tests/parity/chat_templates.py FOLDER_OF_TEMPLATES

The environment is set up as transformers' apply_chat_template does it.
"""
import hashlib
import json
import pathlib
import sys

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment


def refuse(message):
    raise jinja2.exceptions.TemplateError(message)


def turns(*pairs):
    return [{"role": role, "content": content} for role, content in pairs]


CONVERSATIONS = [
    turns(("user", "Grüß Gott!")),
    turns(("system", "Odpovídej česky."), ("user", "  Kdo jsi?\n")),
    turns(("user", "Γεια"), ("assistant", " Γεια σου! "), ("user", "Τι κάνεις;")),
    turns(("system", "Be brief."), ("user", "a"), ("assistant", "b"), ("user", "<c> & \"d\"")),
    turns(("user", "a"), ("user", "b")),
    turns(("assistant", "გამარჯობა")),
]


def main(folder):
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = refuse
    environment.filters["tojson"] = lambda x, indent=None: json.dumps(
        x, ensure_ascii=False, indent=indent
    )
    cases = []
    for path in sorted(pathlib.Path(folder).glob("*.jinja")):
        data = path.read_bytes()
        template = environment.from_string(data.decode())
        for messages in CONVERSATIONS:
            for prompt in (True, False):
                try:
                    text = template.render(
                        messages=messages,
                        add_generation_prompt=prompt,
                        bos_token="<BOS>",
                        eos_token="<EOS>",
                        tools=None,
                        documents=None,
                    )
                except jinja2.exceptions.TemplateError:
                    text = None
                cases.append(
                    {
                        "template": path.name,
                        "sha256": hashlib.sha256(data).hexdigest(),
                        "messages": messages,
                        "add_generation_prompt": prompt,
                        "text": text,
                    }
                )
    golden = {"made_by": "tests/parity/chat_templates.py", "jinja2": jinja2.__version__, "cases": cases}
    target = pathlib.Path(__file__).parents[1] / "golden/chat_templates.json"
    target.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
