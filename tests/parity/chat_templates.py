"""What Jinja makes of chat templates: writes tests/golden/chat_templates.json.

    python tests/parity/chat_templates.py FOLDER_OF_TEMPLATES [MODEL.gguf...]

The environment is set up as transformers' apply_chat_template does it. Beside the templates of the
folder it fills in those of the models, and some made here of what templates are made of.
"""
import datetime
import hashlib
import json
import pathlib
import sys

import jinja2
import jinja2.ext
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


# 2024-03-05 10:00:05 UTC
NOW = 1709632805

MADE = {
    "thinking": """{%- set ns = namespace(last=messages|length - 1, tool=true) %}
{%- for message in messages[::-1] %}
    {%- set at = (messages|length - 1) - loop.index0 %}
    {%- if ns.tool and message.role == "user" and message.content is string and not(message.content.startswith('<r>') and message.content.endswith('</r>')) %}
        {%- set ns.tool = false %}
        {%- set ns.last = at %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == "assistant" %}
        {%- set thought = '' %}
        {%- if '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last and (loop.last or thought) %}
            {{- '[' ~ message.role ~ ']<think>' + thought.strip('\\n') + '</think>' + content.lstrip('\\n') }}
        {%- else %}
            {{- '[' + message.role + ']' + content }}
        {%- endif %}
    {%- else %}
        {{- '[' + message.role + ']' + content + eos_token }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '[assistant]' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think></think>' }}
    {%- endif %}
{%- endif %}
""",
    "dated": """{{ bos_token }}{% if strftime_now is defined %}{{ strftime_now("%d %b %Y %A %-H:%M") }}{% endif %}
{% if not day is defined %}{% set day = "none" %}{% endif %}{{ day }}
{% generation %}{{ messages[0]['content'] | trim }}{% endgeneration %}
{%- generation -%} x {%- endgeneration -%}
""",
    "methods": """{% for m in messages %}{{ loop.index }}/{{ loop.length }} {{ loop.previtem.role if loop.previtem is defined else '-' }}
{{ m.content.upper() }}|{{ m.content.title() }}|{{ m.content.capitalize() }}|{{ m.content.find('a') }}|{{ m.content.count('b') }}
{{ m.content[:3] }}|{{ m.content[-2:] }}|{{ m.content[::-1] }}|{{ m.content[0] if m.content else '' }}|{{ m.content.replace('a', 'oo') }}
{{ m.content.split() }} {{ m.content.split(' ', 1) | list }} {{ m.content.isdigit() }} {{ 'a' in m.content }}
{{ m.content | indent(2) }}|{{ m.content | indent(2, true) }}|{{ m.content | replace('a', '') }}|{{ m.content | length }}
{{ m | tojson }} {{ m.items() | list | length }} {% for k, v in m.items() %}{{ k }}={{ v }};{% endfor %}
{% endfor %}
{{ messages | map(attribute='role') | join(', ') }} {{ messages | selectattr('role', 'equalto', 'user') | list | length }}
{{ [1, 2] + [3] }} {{ 'a' * 3 }} {{ 7 // 2 }} {{ 7 % 3 }} {{ 2 + 0.5 }} {{ 1 == 1.0 }} {{ none }} {{ true }} {{ [none, 'x'] }}
{{ {'b': 1, 'a': [2, {'c': none}]} | tojson }} {{ {'b': 1, 'a': [2]} | tojson(indent=2) }} {{ {} | tojson }}
{{ (messages | last).role }} {{ messages[-1]['role'] }} {{ messages[1:] | length }} {{ nothing | default('d') }} {{ '' or 'e' }}
{% macro f(x, y='q') %}<{{ x }}{{ y }}>{% endmacro %}{{ f(1) }}{{ f(1, y=2) }}{% set t %}in{% endset %}{{ t }}
{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% else %}no{% endfor %}
{% for i in [] %}{% else %}empty{% endfor %}{{ '%' }}{{ "a\\tb" }}{{ 'x' if false }}{{ 3 > 2 and not false }}{{ tools is none }}
""",
}
ARGUMENTS = [{}, {"enable_thinking": False}, {"enable_thinking": True, "day": "now"}]


def dated(format):
    return datetime.datetime.fromtimestamp(NOW, datetime.timezone.utc).strftime(format)


class Generation(jinja2.ext.Extension):
    """The tag around what the assistant says, as transformers has it: it writes what is inside."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body, lineno=line)


def templates_of(models):
    import gguf

    for model in models:
        field = gguf.GGUFReader(model).fields.get("tokenizer.chat_template")
        if field is not None:
            yield pathlib.Path(model).name, field.contents()


def fill(environment, source, messages, prompt, arguments):
    try:
        return environment.from_string(source).render(
            messages=messages,
            add_generation_prompt=prompt,
            bos_token="<BOS>",
            eos_token="<EOS>",
            tools=None,
            documents=None,
            **arguments,
        )
    except (jinja2.exceptions.TemplateError, TypeError):
        return None


def main(folder, models):
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Generation, jinja2.ext.loopcontrols],
    )
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = dated
    environment.filters["tojson"] = lambda x, indent=None: json.dumps(
        x, ensure_ascii=False, indent=indent
    )
    cases = []
    for path in sorted(pathlib.Path(folder).glob("*.jinja")):
        data = path.read_bytes()
        for messages in CONVERSATIONS:
            for prompt in (True, False):
                cases.append(
                    {
                        "template": path.name,
                        "sha256": hashlib.sha256(data).hexdigest(),
                        "messages": messages,
                        "add_generation_prompt": prompt,
                        "text": fill(environment, data.decode(), messages, prompt, {}),
                    }
                )
    for name, source in templates_of(models):
        for messages in CONVERSATIONS:
            cases.append(
                {
                    "model": name,
                    "messages": messages,
                    "add_generation_prompt": True,
                    "text": fill(environment, source, messages, True, {}),
                }
            )
    for source in MADE.values():
        for messages in CONVERSATIONS:
            for arguments in ARGUMENTS:
                cases.append(
                    {
                        "source": source,
                        "messages": messages,
                        "arguments": arguments,
                        "add_generation_prompt": True,
                        "text": fill(environment, source, messages, True, arguments),
                    }
                )
    golden = {
        "made_by": "tests/parity/chat_templates.py",
        "jinja2": jinja2.__version__,
        "now": NOW,
        "cases": cases,
    }
    target = pathlib.Path(__file__).parents[1] / "golden/chat_templates.json"
    target.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
