//! What a client asks for: the bodies of `chat/completions` and `completions`.
//!
//! A body is read over the plan of the server: what it leaves open is as `eu chat` was told.
//! Members that are not known are passed over, since clients send many; those that would change
//! the answer and cannot be heeded are refused.

use serde_json::{Map, Value, json};

use super::fields::{Fields, kind};
use super::refusal::{Refusal, Result};
use crate::engine::generate::{Message, Plan};

/// Most likeliest tokens that are told beside each token; as OpenAI's API has it.
const MAX_TOP: u64 = 20;
/// Most answers to one prompt.
const MAX_N: u64 = 128;
/// Most prompts of one request.
const MAX_PROMPTS: usize = 2048;

/// Which of the two ways to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// `chat/completions`: a conversation is answered.
    Chat,
    /// `completions`: a text is continued.
    Completions,
}

/// What is to be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Input {
    /// A conversation, and variables for the chat template.
    Messages(Vec<Message>, Map<String, Value>),
    /// Texts, each continued by itself.
    Texts(Vec<String>),
    /// The same as ids of tokens.
    Tokens(Vec<Vec<u32>>),
}

impl Input {
    /// How many prompts there are.
    pub(super) fn n_prompts(&self) -> usize {
        match self {
            Input::Messages(..) => 1,
            Input::Texts(texts) => texts.len(),
            Input::Tokens(texts) => texts.len(),
        }
    }
}

/// A request that makes sense by itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    pub(super) endpoint: Endpoint,
    /// The model asked for, where one was named.
    pub(super) model: Option<String>,
    pub(super) input: Input,
    /// Answers to each prompt.
    pub(super) n: usize,
    /// Whether the answer is sent piece by piece.
    pub(super) stream: bool,
    /// Whether a last piece tells the sums of tokens.
    pub(super) include_usage: bool,
    /// Log-probabilities are told, with so many of the likeliest tokens.
    pub(super) n_top: Option<usize>,
    /// How tokens are chosen.
    pub(super) plan: Plan,
}

impl Request {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// When it is no JSON, something has another form than it should, or is not supported.
    pub(super) fn read(endpoint: Endpoint, body: &[u8], base: &Plan) -> Result<Self> {
        let value: Value = serde_json::from_slice(body)
            .map_err(|e| Refusal::bad(format!("the body is not JSON: {e}")))?;
        let fields = Fields::of(&value)?;
        refuse_unknown_work(&fields)?;
        let input = match endpoint {
            Endpoint::Chat => Input::Messages(messages(&fields)?, arguments(&fields)?),
            Endpoint::Completions => prompts(&fields)?,
        };
        let n = fields.count("n", 1..=MAX_N)?.unwrap_or(1);
        if fields.count("best_of", 1..=MAX_N)?.is_some_and(|b| b != n) {
            let what = "is not supported: every answer is returned, ask for them with n";
            return Err(fields.wrong("best_of", what));
        }
        let options = fields.object("stream_options")?;
        Ok(Request {
            endpoint,
            model: fields.text("model")?.map(String::from),
            input,
            n,
            stream: fields.flag("stream")?,
            include_usage: options.map_or(Ok(false), |o| o.flag("include_usage"))?,
            n_top: n_top(endpoint, &fields)?,
            plan: sampling(&fields, base)?,
        })
    }
}

/// Refuses what is asked for in vain.
fn refuse_unknown_work(fields: &Fields<'_>) -> Result<()> {
    let is_set = |name: &str| match fields.get(name) {
        None | Some(Value::Bool(false)) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::String(text)) => !text.is_empty() && text != "none" && text != "auto",
        Some(_) => true,
    };
    for (name, what) in [
        (
            "tools",
            "is not supported: describe them in a message, and hold the answer to a form with \
             response_format",
        ),
        (
            "functions",
            "is not supported: describe them in a message, and hold the answer to a form with \
             response_format",
        ),
        ("tool_choice", "is not supported: leave it out"),
        ("function_call", "is not supported: leave it out"),
        ("audio", "is not supported: the model reads and writes text"),
        (
            "web_search_options",
            "is not supported: nothing is looked up",
        ),
        ("suffix", "is not supported: text is continued at its end"),
        (
            "echo",
            "is not supported: put the prompt before the answer yourself",
        ),
    ] {
        if is_set(name) {
            return Err(fields.wrong(name, what));
        }
    }
    let modalities = fields.texts("modalities")?.unwrap_or_default();
    match modalities.iter().find(|name| *name != "text") {
        Some(name) => {
            let what = format!("asks for {name:?}: the model writes text only");
            Err(fields.wrong("modalities", &what))
        }
        None => Ok(()),
    }
}

/// The conversation to answer.
fn messages(fields: &Fields<'_>) -> Result<Vec<Message>> {
    let list = fields.list("messages")?.unwrap_or_default();
    if list.is_empty() {
        return Err(fields.wrong("messages", "is missing or empty: send the conversation"));
    }
    let read = |(at, value)| message(at, value);
    list.iter().enumerate().map(read).collect()
}

fn message(at: usize, value: &Value) -> Result<Message> {
    let wrong = |name: &str, what: String| {
        let path = format!("messages[{at}]{name}");
        Refusal::bad(format!("{path} {what}")).param(path)
    };
    let Value::Object(of) = value else {
        return Err(wrong("", format!("is {}, not an object", kind(value))));
    };
    let role = match of.get("role").and_then(Value::as_str) {
        Some("developer") => "system", // its name in newer requests
        Some(role @ ("system" | "user" | "assistant")) => role,
        Some("tool" | "function") => {
            let what = "is not supported: put the result into a message of the user";
            return Err(wrong(".role", what.into()));
        }
        _ => {
            let what = "is none of \"system\", \"developer\", \"user\", \"assistant\"";
            return Err(wrong(".role", what.into()));
        }
    };
    let calls = ["tool_calls", "function_call"].map(|name| of.get(name));
    let is_call =
        |value: &Value| !value.is_null() && value.as_array().is_none_or(|l| !l.is_empty());
    if calls.into_iter().flatten().any(is_call) {
        let what = "is not supported: write what was called as text";
        return Err(wrong(".tool_calls", what.into()));
    }
    let content = match of.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let mut text = String::new();
            for (no, part) in parts.iter().enumerate() {
                let words = match part["type"].as_str() {
                    Some("text") => part["text"].as_str(),
                    _ => None,
                };
                let Some(words) = words else {
                    let what = "is no text: the model reads {\"type\":\"text\",\"text\":…} only";
                    return Err(wrong(&format!(".content[{no}]"), what.into()));
                };
                text.push_str(words);
            }
            text
        }
        None | Some(Value::Null) if role == "assistant" => String::new(),
        None | Some(Value::Null) => return Err(wrong(".content", "is missing".into())),
        Some(other) => {
            let what = format!("is {}, not a string or an array of parts", kind(other));
            return Err(wrong(".content", what));
        }
    };
    Ok(Message::new(role, content))
}

/// Variables for the chat template.
fn arguments(fields: &Fields<'_>) -> Result<Map<String, Value>> {
    let given = fields.object("chat_template_kwargs")?;
    Ok(given.map_or_else(Map::new, |given| given.map().clone()))
}

/// The texts to continue: one or several, each as text or as ids.
fn prompts(fields: &Fields<'_>) -> Result<Input> {
    let what = "is no string, array of strings, array of tokens or array of arrays of tokens";
    let wrong = || fields.wrong("prompt", what);
    let ids = |list: &[Value]| -> Option<Vec<u32>> {
        let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
        list.iter().map(id).collect()
    };
    let input = match fields.get("prompt") {
        None => return Err(fields.wrong("prompt", "is missing: send the text to continue")),
        Some(Value::String(text)) => Input::Texts(vec![text.clone()]),
        Some(Value::Array(list)) => match list.first() {
            None => return Err(fields.wrong("prompt", "is empty: send the text to continue")),
            Some(Value::String(_)) => Input::Texts(fields.texts("prompt")?.unwrap_or_default()),
            Some(Value::Number(_)) => Input::Tokens(vec![ids(list).ok_or_else(wrong)?]),
            Some(Value::Array(_)) => {
                let each = |one: &Value| one.as_array().and_then(|one| ids(one)).ok_or_else(wrong);
                Input::Tokens(list.iter().map(each).collect::<Result<_>>()?)
            }
            Some(_) => return Err(wrong()),
        },
        Some(_) => return Err(wrong()),
    };
    if input.n_prompts() > MAX_PROMPTS {
        let what = format!("has more than {MAX_PROMPTS} texts");
        return Err(fields.wrong("prompt", &what));
    }
    Ok(input)
}

/// How many likeliest tokens are told beside each; none where nothing of the kind is asked for.
fn n_top(endpoint: Endpoint, fields: &Fields<'_>) -> Result<Option<usize>> {
    if endpoint == Endpoint::Completions {
        return fields.count("logprobs", 0..=MAX_TOP);
    }
    let (wanted, top) = (
        fields.flag("logprobs")?,
        fields.count("top_logprobs", 0..=MAX_TOP)?,
    );
    match (wanted, top) {
        (false, Some(1..)) => Err(fields.wrong("top_logprobs", "needs \"logprobs\": true")),
        (false, _) => Ok(None),
        (true, top) => Ok(Some(top.unwrap_or(0))),
    }
}

/// Sets a number of the plan.
type Set = fn(&mut Plan, f64);

/// Numbers of a request: their names, bounds, and where they go. The first five are OpenAI's,
/// the others those of the plan.
const NUMBERS: [(&str, f64, f64, Set); 15] = [
    ("temperature", 0.0, 100.0, |p, x| p.temperature = x),
    ("top_p", 0.0, 1.0, |p, x| p.top_p = x),
    ("presence_penalty", -100.0, 100.0, |p, x| {
        p.presence_penalty = x
    }),
    ("frequency_penalty", -100.0, 100.0, |p, x| {
        p.frequency_penalty = x
    }),
    ("min_p", 0.0, 1.0, |p, x| p.min_p = x),
    ("repeat_penalty", 0.001, 100.0, |p, x| p.repeat_penalty = x),
    ("typical_p", 0.0, 1.0, |p, x| p.typical_p = x),
    ("top_n_sigma", 0.0, 1e6, |p, x| p.top_n_sigma = x),
    ("dynatemp_range", 0.0, 100.0, |p, x| p.dynatemp_range = x),
    ("dynatemp_exponent", 0.001, 100.0, |p, x| {
        p.dynatemp_exponent = x
    }),
    ("xtc_probability", 0.0, 1.0, |p, x| p.xtc_probability = x),
    ("xtc_threshold", 0.0, 1.0, |p, x| p.xtc_threshold = x),
    ("dry_multiplier", 0.0, 1e6, |p, x| p.dry_multiplier = x),
    ("dry_base", 1.0, 1e6, |p, x| p.dry_base = x),
    ("mirostat_tau", 0.0, 1e6, |p, x| p.mirostat_tau = x),
];

/// How tokens are chosen: the plan of the server with what the request says otherwise.
fn sampling(fields: &Fields<'_>, base: &Plan) -> Result<Plan> {
    let mut plan = base.clone();
    for (name, least, most, set) in NUMBERS {
        if let Some(number) = fields.number(name, least..=most)? {
            set(&mut plan, number);
        }
    }
    let any = 0..=u64::from(u32::MAX);
    if let Some(n) = fields.count("top_k", any.clone())? {
        plan.top_k = n;
    }
    if let Some(n) = fields.count("repeat_last_n", any.clone())? {
        plan.repeat_last_n = n;
    }
    if let Some(n) = fields.count("dry_last_n", any.clone())? {
        plan.dry_last_n = n;
    }
    if let Some(n) = fields.count("dry_allowed_length", any)? {
        plan.dry_allowed_length = n;
    }
    if let Some(n) = fields.count("mirostat", 0..=2)? {
        plan.mirostat = n as u8;
    }
    let max = match fields.count("max_completion_tokens", 1..=u64::MAX)? {
        None => fields.count("max_tokens", 1..=u64::MAX)?,
        max => max,
    };
    if let Some(max) = max {
        plan.max_tokens = max;
    }
    if let Some(seed) = fields.get("seed") {
        let whole = seed
            .as_u64()
            .or_else(|| seed.as_i64().map(i64::cast_unsigned));
        let seed = whole.ok_or_else(|| fields.wrong("seed", "is no whole number"))?;
        plan.seed = Some(seed);
    }
    if let Some(stops) = fields.texts("stop")? {
        plan.stop = stops.into_iter().filter(|stop| !stop.is_empty()).collect();
    }
    if let Some(bias) = fields.object("logit_bias")? {
        plan.logit_bias = biases(&bias)?;
    }
    form(fields, &mut plan)?;
    Ok(plan)
}

/// `{"15043": -100}` as the plan writes it.
fn biases(given: &Fields<'_>) -> Result<Vec<String>> {
    let mut biases = Vec::new();
    for id in given.map().keys() {
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(given.wrong(id, "is no id of a token"));
        }
        let Some(bias) = given.number(id, -100.0..=100.0)? else {
            continue;
        };
        biases.push(format!("{id}{bias:+}"));
    }
    Ok(biases)
}

/// The form that an answer is held to: that of the request in place of that of the plan.
fn form(fields: &Fields<'_>, plan: &mut Plan) -> Result<()> {
    let grammar = fields.text("grammar")?.filter(|text| !text.is_empty());
    let schema = match fields.object("response_format")? {
        Some(format) => schema(&format)?,
        None => None,
    };
    if grammar.is_some() && schema.is_some() {
        let what = "and response_format cannot both hold: an answer follows one form";
        return Err(fields.wrong("grammar", what));
    }
    if grammar.is_some() || schema.is_some() {
        plan.grammar_file = None;
        plan.grammar = grammar.map(String::from);
        plan.json_schema = schema;
    }
    Ok(())
}

/// The JSON schema of a `response_format`; it is always an object, never the name of a file.
fn schema(format: &Fields<'_>) -> Result<Option<String>> {
    match format.text("type")? {
        Some("text") => Ok(None),
        Some("json_object") => {
            let any = json!({"type": "object", "additionalProperties": true});
            Ok(Some(any.to_string()))
        }
        Some("json_schema") => {
            let wrapped = format.get("json_schema").and_then(|w| w.get("schema"));
            // Some clients leave the wrapping out.
            match wrapped.or_else(|| format.get("schema")) {
                Some(schema @ Value::Object(_)) => Ok(Some(schema.to_string())),
                _ => Err(format.wrong("json_schema.schema", "is missing, or no object")),
            }
        }
        _ => Err(format.wrong(
            "type",
            "is none of \"text\", \"json_object\", \"json_schema\"",
        )),
    }
}

#[cfg(test)]
mod tests;
