//! Templates beside those that Jinja fills in, and those of whom no good comes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::*;
use crate::disk;
use crate::engine::gguf::Parts;

fn render(source: &str, messages: &[Message]) -> Result<String> {
    Template::with_ends(source, "<s>".into(), "</s>".into())?.render(messages, true)
}

#[test]
fn blocks_leave_no_blank_lines_and_nothing_is_escaped() {
    let source = "{{ bos_token }}\n{% for m in messages %}\n  {% if true %}\n[{{ m.role }}] \
                  {{ m['content'] | trim }}{{ eos_token }}\n  {% endif %}\n{% endfor %}\n\
                  {% if add_generation_prompt %}[assistant]{% endif %}\n";
    let text = render(source, &[Message::new("user", " <b>&\"ž\" ")]).unwrap();
    assert_eq!(text, "<s>\n[user] <b>&\"ž\"</s>\n[assistant]");
}

#[test]
fn methods_of_python_strings_work() {
    let source = "{% set m = messages[0].content %}{{ m.strip().upper() }}|{{ m.split('b')[1] }}\
                  |{{ m.startswith(' a') }}|{{ m.replace('a', 'o') }}|{{ messages[0].get('x', 1) }}\
                  |{% for k, v in messages[0].items() %}{{ k }}{% endfor %}";
    let text = render(source, &[Message::new("user", " abc ")]).unwrap();
    assert_eq!(text, "ABC|c |True| obc |1|rolecontent");
}

#[test]
fn json_looks_as_python_writes_it() {
    let source = "{{ {'a': [1, 'é<'], 'b': none} | tojson }}";
    assert_eq!(
        render(source, &[]).unwrap(),
        r#"{"a": [1, "é<"], "b": null}"#
    );
}

#[test]
fn a_template_that_refuses_or_fails_says_why_and_what_to_do() {
    let said = |source: &str| render(source, &[]).unwrap_err().to_string();
    let refused = said("{{ raise_exception('roles must alternate') }}");
    assert_eq!(
        refused,
        "the model's chat template failed in line 1: roles must alternate"
    );
    assert!(
        said("a\n{% if %}").contains("in line 2"),
        "{}",
        said("a\n{% if %}")
    );
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
    assert!(said(endless).contains("fuel"), "{}", said(endless));
}

/// What Jinja itself makes of templates of known models and of some made to have every part of
/// them: made by `tests/parity/chat_templates.py`.
#[test]
#[allow(clippy::print_stderr)] // the line that says why nothing was tested
fn templates_give_what_jinja_gives() {
    #[derive(Deserialize)]
    struct Golden {
        now: u64,
        cases: Vec<Case>,
    }
    #[derive(Deserialize)]
    struct Case {
        /// A file of the shared templates, a model's template, or the template itself.
        template: Option<String>,
        sha256: Option<String>,
        model: Option<String>,
        source: Option<String>,
        messages: Vec<Message>,
        #[serde(default)]
        arguments: serde_json::Map<String, serde_json::Value>,
        add_generation_prompt: bool,
        /// None where Jinja refused.
        text: Option<String>,
    }
    let golden = include_str!("../../../../tests/golden/chat_templates.json");
    let golden: Golden = serde_json::from_str(golden).unwrap();
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let (shared, models) = (folder("EU_TEST_DATA"), folder("EU_TEST_MODELS"));
    let mut skipped = BTreeSet::new();
    let mut n = 0;
    for case in golden.cases {
        let source = if let (Some(name), Some(hash)) = (&case.template, &case.sha256) {
            let Some(shared) = &shared else {
                skipped.insert(name.clone());
                continue;
            };
            let path = shared.join("data/tokenizers/chat-templates").join(name);
            assert_eq!(disk::sha256(&path).unwrap().0, *hash, "another template");
            String::from_utf8(disk::read(&path).unwrap()).unwrap()
        } else if let Some(name) = &case.model {
            let path = models.as_ref().map(|folder| folder.join(name));
            let Some(path) = path.filter(|path| path.exists()) else {
                skipped.insert(name.clone());
                continue;
            };
            let parts = Parts::open(&path).unwrap();
            let template = parts.header.metadata.str("tokenizer.chat_template");
            template.unwrap().unwrap().to_owned()
        } else {
            case.source.clone().unwrap()
        };
        let given = Given {
            arguments: case.arguments.clone(),
            now: Some(golden.now),
        };
        let template = Template::with_ends(&source, "<BOS>".into(), "<EOS>".into()).unwrap();
        let text = template
            .given(&given)
            .render(&case.messages, case.add_generation_prompt);
        let shown = text.as_ref().map_or_else(ToString::to_string, Clone::clone);
        let (name, messages) = (case.template.or(case.model), case.messages);
        assert_eq!(text.ok(), case.text, "{name:?} {messages:?}: {shown}");
        n += 1;
    }
    for name in skipped {
        eprintln!("skipped: {name} is not there");
    }
    assert!(n >= 54, "{n}");
}

/// Refused with these words, filled in (-), or either (?).
#[test]
fn templates_of_whom_no_good_comes_are_refused_soon() {
    let double = "{% set n = namespace(x='ab') %}{% for i in range(60) %}";
    let list = "{% set n = namespace(x=[1, 2]) %}{% for i in range(90) %}";
    let product = "{% set n = namespace(x=99) %}{% for i in range(4) %}{% set n.x = n.x * 99 %}\
                   {% endfor %}";
    let cases: Vec<(String, &str)> = vec![
        ("{{ 'a' * 10 ** 9 }}".into(), "multiplies"),
        ("{{ [0] * 100000000 == [0] * 100000000 }}".into(), "multiplies"),
        (
            format!("{product}{{{{ ('a' * n.x)|length }}}}"),
            "too much",
        ),
        (format!("{product}{{{{ [0] * n.x }}}}"), "too much"),
        ("{{ 2 * 2 * 2 * 2 * 2 * 2 }}".into(), "multiplies"),
        ("{{ range(10 ** 12) | list | length }}".into(), "range has too many elements"),
        (format!("{double}{{% set n.x = n.x ~ n.x %}}{{% endfor %}}{{{{ n.x }}}}"), "too much"),
        (format!("{double}{{% set n.x = n.x + n.x %}}{{% endfor %}}"), "too much"),
        (format!("{double}{{% set n.x = [n.x, n.x]|join %}}{{% endfor %}}"), "too much"),
        (format!("{double}{{% set n.x = n.x|replace('a', n.x) %}}{{% endfor %}}"), "too much"),
        (format!("{double}{{% set n.x = n.x.replace('', n.x) %}}{{% endfor %}}"), "too much"),
        (format!("{double}{{% set n.x = n.x.join([1, 2, 3]) %}}{{% endfor %}}"), "too much"),
        (format!("{list}{{% set n.x = [n.x, n.x] %}}{{% endfor %}}"), "too "),
        (format!("{list}{{% set n.x = n.x + n.x %}}{{% endfor %}}"), "too much"),
        (format!("{list}{{% set n.x = {{'a': n.x, 'b': n.x}} %}}{{% endfor %}}{{{{ n.x|tojson }}}}"), "too "),
        (format!("{list}{{% set n.x = dict(a=n.x, b=n.x) %}}{{% endfor %}}"), "too "),
        ("{% set n = namespace() %}{% set n.x = n %}{{ n }}".into(), "too deep"),
        ("{% set n = namespace() %}{% set n.x = n %}{{ n|tojson }}".into(), "too deep"),
        ("{% set n = namespace(x=[]) %}{% for i in range(999) %}{% set n.x = [n.x] %}{% endfor %}".into(), "too deep"),
        ("{% for i in range(999) %}{% set n = namespace() %}{% endfor %}".into(), "too many namespaces"),
        ("{% macro f(x) %}{{ f(x + 1) }}{% endmacro %}{{ f(0) }}".into(), "recursion limit"),
        ("{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{% endmacro %}{{ f() }}".into(), ""),
        ("{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}".into(), ""),
        ("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}".into(), "fuel"),
        (format!("{{% for a in range(99999) %}}{{% for a in range(9999) %}}{}{{% endfor %}}{{% endfor %}}", "a".repeat(100_000)), "fuel"),
        ("{{ 'a' | indent(999999999999) }}".into(), "too much"),
        ("{% include 'chat template' %}".into(), ""),
        ("{% import 'chat template' as x %}".into(), ""),
        ("{% extends 'chat template' %}".into(), ""),
        ("{{ 1 < 2 < 3 }}".replace('1', "x"), "chain"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}".into(), ""),
        ("(".repeat(200_000), "-"),
        (format!("{{{{ {} }}}}", "(".repeat(100_000)), ""),
        (format!("{{{{ {}1 }}}}", "-".repeat(100_000)), ""),
        (format!("{{{{ {}1 }}}}", "not ".repeat(50_000)), ""),
        ("{% if 1 %}".repeat(20_000), ""),
        (format!("{{{{ {}1 }}}}", "not ".repeat(990)), "?"),
        (format!("{{{{ 1{} }}}}", "+ x".repeat(60_000)), "too long"),
        (format!("{{{{ 1{} }}}}", "+ x".repeat(490)), "?"),
        (format!("{{{{ x{} }}}}", "|e".repeat(490)), "?"),
        (format!("{{{{ messages{} }}}}", ".a".repeat(490)), "?"),
        (format!("{{{{ {} }}}}", "1 if x else ".repeat(240) + "2"), "?"),
        (format!("{{% if x %}}{}{{% endif %}}", "{% elif x %}".repeat(20_000)), "too long"),
        (format!("{{% if x %}}{}{{% endif %}}", "{% elif x %}".repeat(190)), "?"),
        ("x".repeat(300_000), "262144 are read at most"),
    ];
    for (source, words) in cases {
        let shown: String = source.chars().take(120).collect();
        let began = std::time::Instant::now();
        let filled = render(&source, &[Message::new("user", "a")]);
        let took = began.elapsed().as_secs();
        assert!(took < 30, "{shown}: {took} s");
        match filled {
            _ if words == "?" => {}
            Ok(text) => assert_eq!(words, "-", "{shown}: filled in to {} bytes", text.len()),
            Err(error) => {
                let hint = crate::fault::Fault::hint(&error).unwrap_or_default();
                let told = format!("{error} {hint}");
                assert!(told.contains(words), "{shown}: {told}");
            }
        }
    }
}

#[test]
fn what_the_assistant_says_may_be_marked_in_a_template() {
    let source = "{% generation %}a{% endgeneration %}{%- generation -%} b {%- endgeneration %}";
    assert_eq!(render(source, &[]).unwrap(), "ab");
    assert_eq!(without_generation("{% x"), "{% x");
    assert_eq!(
        without_generation("a {%+ generation %}"),
        "a {%+ if true %}"
    );
}

#[test]
fn arguments_are_variables_and_never_hide_the_conversation() {
    let given = Given {
        arguments: serde_json::from_str(r#"{"a": {"b": [1, null]}, "messages": 3}"#).unwrap(),
        now: None,
    };
    let source = "{{ a|tojson }} {{ messages|length }} {{ strftime_now is defined }}";
    let template = Template::with_ends(source, String::new(), String::new()).unwrap();
    let text = template.given(&given).render(&[], true).unwrap();
    assert_eq!(text, r#"{"b": [1, null]} 0 False"#);
}

#[test]
fn arguments_are_json_behind_a_name() {
    let of = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(|a| a.to_string()).collect();
        Given::of(&arguments)
    };
    let given = of(&["a=false", "b={\"c\": \"x=y\"}", "a=true"]).unwrap();
    assert_eq!(given.arguments["a"], true);
    assert_eq!(given.arguments["b"]["c"], "x=y");
    assert!(given.now.is_some_and(|now| now > 1_700_000_000));
    for wrong in ["a", "a=", "a=Monday"] {
        let error = of(&[wrong]).unwrap_err().to_string();
        assert_eq!(error, format!("template_arg {wrong:?} is not KEY=JSON"));
    }
}

/// Parts of templates; put together they make sense at times.
const WORDS: [&str; 44] = [
    "{% for i in range(9) %}",
    "{% for m in messages %}",
    "{% endfor %}",
    "{% for k, v in n.x %}",
    "{% if messages %}",
    "{% endif %}",
    "{% set n = namespace(x='ab') %}",
    "{% set n = namespace(x=[1, 'a']) %}",
    "{% set n.x = n.x ~ n.x %}",
    "{% set n.x = [n.x, n] %}",
    "{% set n.x = n.x|replace('a', n.x) %}",
    "{% set n.x = dict(a=n.x)|items|list %}",
    "{% set n.x = n.x * 9 %}",
    "{% set n.x = n.x + n.x %}",
    "{% set n.x = n.x[1:]|list %}",
    "{{ n.x }}",
    "{{ n|tojson }}",
    "{{ n.x|tojson(indent=99) }}",
    "{{ messages[::-1]|length }}",
    "{{ messages|map(attribute='content')|join(n.x) }}",
    "{{ messages|selectattr('role', 'in', [1])|first }}",
    "{{ messages|sort(attribute='role')|last }}",
    "{{ 'é'[0] ~ 'é'[-9:9:-1] ~ 'éa'[5] }}",
    "{{ n.x.split('a')|list|unique|sort }}",
    "{{ n.x.replace('', 'b').title() }}",
    "{{ 'x'.join(n.x) }}",
    "{{ (1, [2], {'a': 3}) }}",
    "{{ n.x < n }}",
    "{{ n in n.x }}",
    "{{ {n.x: n} }}",
    "{{ n.x|indent(9, true, true) }}",
    "{{ n.x[n] }}{{ n[n.x] }}",
    "{{ 1 // 0 }}",
    "{{ -9223372036854775808 // -1 }}",
    "{{ m.content|int|abs|round(400) }}",
    "{{ loop.index ~ loop.cycle('a') }}",
    "{% macro f(a) %}",
    "{% endmacro %}",
    "{{ f(f) }}",
    "{% call f(1) %}{{ caller() }}{% endcall %}",
    "{% generation %}",
    "{% endgeneration %}",
    "{%- set x %}é{% endset -%} {{- x|upper }}",
    "}} -%} {{ {# '",
];

proptest::proptest! {
    #[test]
    fn templates_of_any_words_are_filled_in_or_refused(
        words in proptest::collection::vec(proptest::sample::select(&WORDS[..]), 1..14),
    ) {
        let source = words.concat();
        let messages = [Message::new("user", "a é"), Message::new("assistant", "")];
        let first = render(&source, &messages).ok();
        let second = render(&source, &messages).ok();
        proptest::prop_assert_eq!(first, second);
    }
}
