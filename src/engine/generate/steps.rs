//! What a chat template computes, charged for: each step that reads or makes more than it says.

use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Environment, Error, State, Value, tests};

use super::sandbox::{NODE, charge, count, refused, weigh};

/// Names of the functions that stand for steps: a template cannot write them.
pub(super) const CONCAT: &str = "a ~ b";
pub(super) const ADD: &str = "a + b";
pub(super) const MUL: &str = "a * b";
pub(super) const EQ: &str = "a == b";
pub(super) const NE: &str = "a != b";
pub(super) const LT: &str = "a < b";
pub(super) const LE: &str = "a <= b";
pub(super) const GT: &str = "a > b";
pub(super) const GE: &str = "a >= b";
pub(super) const IN: &str = "a in b";
pub(super) const ITEM: &str = "a[b]";
pub(super) const SLICE: &str = "a[b:c]";
pub(super) const LIST: &str = "[a]";
pub(super) const MAP: &str = "{a: b}";

/// Whether a comparison holds.
type Compare = fn(&Value, &Value) -> bool;

/// Adds the functions that stand for steps, and filters that make more than they read.
pub(super) fn add_to(environment: &mut Environment<'static>) {
    environment.add_filter("join", join);
    environment.add_filter("replace", replace);
    environment.add_filter("indent", indent);
    let compare: [(&str, Compare); 6] = [
        (EQ, |a, b| a == b),
        (NE, |a, b| a != b),
        (LT, |a, b| a < b),
        (LE, |a, b| a <= b),
        (GT, |a, b| a > b),
        (GE, |a, b| a >= b),
    ];
    for (name, holds) in compare {
        environment.add_function(name, move |state: &mut State, a: &Value, b: &Value| {
            weigh(state, &[a.clone(), b.clone()])?;
            Ok(Value::from(holds(a, b)))
        });
    }
    environment.add_function(IN, |state: &mut State, a: &Value, b: &Value| {
        weigh(state, &[a.clone(), b.clone()])?;
        Value::from_function(tests::is_in).call(state, &[a.clone(), b.clone()])
    });
    environment.add_function(CONCAT, |state: &mut State, a: &Value, b: &Value| {
        weigh(state, &[a.clone(), b.clone()])?;
        Ok(Value::from(format!("{a}{b}")))
    });
    environment.add_function(ADD, add);
    environment.add_function(MUL, mul);
    environment.add_function(ITEM, item);
    environment.add_function(SLICE, slice);
    environment.add_function(LIST, |state: &mut State, items: Rest<Value>| {
        weigh(state, &items)?;
        Ok(Value::from(items.0))
    });
    environment.add_function(MAP, |state: &mut State, items: Rest<Value>| {
        weigh(state, &items)?;
        let pairs = items.as_chunks::<2>().0.iter();
        let map = Value::from_pairs(pairs.map(|[key, value]| (key.clone(), value.clone())));
        Ok::<_, Error>(map)
    });
}

/// A whole number, or one with a fraction.
enum Number {
    Whole(i128),
    Real(f64),
}

fn number(value: &Value) -> Option<Number> {
    if value.kind() != ValueKind::Number && value.kind() != ValueKind::Bool {
        return None;
    }
    match i128::try_from(value.clone()) {
        Ok(n) if value.is_integer() || value.kind() == ValueKind::Bool => Some(Number::Whole(n)),
        _ => f64::try_from(value.clone()).ok().map(Number::Real),
    }
}

/// The result of a step on two numbers, if both are.
fn arithmetic(
    a: &Value,
    b: &Value,
    whole: fn(i128, i128) -> Option<i128>,
    real: fn(f64, f64) -> f64,
) -> Option<Result<Value, Error>> {
    let too_large = || refused("a number is too large");
    let real_of = |n: &Number| match n {
        Number::Whole(n) => *n as f64,
        Number::Real(x) => *x,
    };
    Some(match (number(a)?, number(b)?) {
        (Number::Whole(a), Number::Whole(b)) => whole(a, b).map(whole_value).ok_or_else(too_large),
        (a, b) => Ok(real(real_of(&a), real_of(&b)).into()),
    })
}

fn whole_value(n: i128) -> Value {
    i64::try_from(n).map_or_else(|_| Value::from(n), Value::from)
}

fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

fn add(state: &mut State, a: &Value, b: &Value) -> Result<Value, Error> {
    if let Some(sum) = arithmetic(a, b, i128::checked_add, |a, b| a + b) {
        return sum;
    }
    count(state, a)?;
    count(state, b)?;
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => Ok(Value::from([a, b].concat())),
        _ if is_list(a) && is_list(b) => {
            let items: Vec<Value> = a.try_iter()?.chain(b.try_iter()?).collect();
            Ok(Value::from(items))
        }
        _ => Err(refused(&format!("{} + {} is nothing", a.kind(), b.kind()))),
    }
}

fn mul(state: &mut State, a: &Value, b: &Value) -> Result<Value, Error> {
    if let Some(product) = arithmetic(a, b, i128::checked_mul, |a, b| a * b) {
        return product;
    }
    let (of, n) = match a.kind() {
        ValueKind::Number => (b, a),
        _ => (a, b),
    };
    let Some(n) = n.as_i64() else {
        return Err(refused(&format!("{} * {} is nothing", a.kind(), b.kind())));
    };
    let n = usize::try_from(n).unwrap_or(0);
    let weight = weigh(state, std::slice::from_ref(of))?;
    charge(state, weight.saturating_mul(n as u64))?;
    match of.as_str() {
        Some(text) => Ok(Value::from(text.repeat(n))),
        None if is_list(of) => {
            let items: Vec<Value> = of.try_iter()?.collect();
            let all = std::iter::repeat_n(items, n).flatten();
            Ok(Value::from_iter(all))
        }
        None => Err(refused(&format!("{} * {} is nothing", a.kind(), b.kind()))),
    }
}

fn item(state: &mut State, of: &Value, key: &Value) -> Result<Value, Error> {
    if is_list(key) || key.kind() == ValueKind::Map {
        return Err(refused(&format!("a {} is no key", key.kind())));
    }
    if let (Some(text), Some(at)) = (of.as_str(), key.as_i64()) {
        charge(state, text.len() as u64)?;
        let n = text.chars().count() as i64;
        let at = if at < 0 { at + n } else { at };
        let c = usize::try_from(at).ok().and_then(|at| text.chars().nth(at));
        return Ok(c.map_or(Value::UNDEFINED, |c| Value::from(c.to_string())));
    }
    if of.kind() == ValueKind::Iterable {
        weigh(state, std::slice::from_ref(of))?;
    }
    of.get_item(key)
}

/// `a[start:stop:step]`, of texts by character.
fn slice(
    state: &mut State,
    of: &Value,
    start: &Value,
    stop: &Value,
    step: &Value,
) -> Result<Value, Error> {
    count(state, of)?;
    let whole = |value: &Value| match value.is_none() || value.is_undefined() {
        true => Ok(None),
        false => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| refused("a place in a list is no number")),
    };
    let (start, stop) = (whole(start)?, whole(stop)?);
    let step = whole(step)?.unwrap_or(1);
    if step == 0 {
        return Err(refused("cannot slice by step size of 0"));
    }
    if let Some(text) = of.as_str() {
        let chars: Vec<char> = text.chars().collect();
        let places = places(chars.len(), start, stop, step);
        return Ok(Value::from(places.map(|at| chars[at]).collect::<String>()));
    }
    if of.is_undefined() || of.is_none() {
        return Ok(Value::from(Vec::<Value>::new()));
    }
    if !is_list(of) {
        return Err(refused(&format!("a {} cannot be sliced", of.kind())));
    }
    let items: Vec<Value> = of.try_iter()?.collect();
    let places = places(items.len(), start, stop, step);
    Ok(Value::from_iter(places.map(|at| items[at].clone())))
}

/// The places of a slice of `n` items, as Python counts them; each is below `n`.
fn places(
    n: usize,
    start: Option<i64>,
    stop: Option<i64>,
    step: i64,
) -> impl Iterator<Item = usize> {
    let n = n as i64;
    let back = step < 0;
    let (low, high) = if back { (-1, n - 1) } else { (0, n) };
    let clip = |at: i64| (if at < 0 { at.saturating_add(n) } else { at }).clamp(low, high);
    let start = start.map_or(if back { high } else { low }, clip);
    let stop = stop.map_or(if back { low } else { high }, clip);
    let mut at = start;
    std::iter::from_fn(move || {
        let inside = if back { at > stop } else { at < stop };
        let here = usize::try_from(at).ok().filter(|_| inside)?;
        at = at.saturating_add(step);
        Some(here)
    })
}

fn join(
    state: &mut State,
    of: &Value,
    with: Option<Value>,
    options: Kwargs,
) -> Result<Value, Error> {
    let weight = weigh(state, std::slice::from_ref(of))?;
    let given: Option<Value> = options.get("d")?;
    let with = with.or(given).unwrap_or_default();
    let with = with.as_str().unwrap_or_default();
    charge(state, (with.len() as u64).saturating_mul(weight / NODE))?;
    let attribute: Option<String> = options.get("attribute")?;
    let mut joined = String::new();
    if of.is_undefined() || of.is_none() {
        return Ok(Value::from(joined));
    }
    for (i, item) in of.try_iter()?.enumerate() {
        if i > 0 {
            joined.push_str(with);
        }
        let item = match &attribute {
            Some(name) => item.get_attr(name)?,
            None => item,
        };
        joined.push_str(&item.to_string());
    }
    Ok(Value::from(joined))
}

/// `of` with every `from` as `to`; charged for what it becomes.
pub(super) fn replace(state: &mut State, of: &str, from: &str, to: &str) -> Result<Value, Error> {
    let n = match from.is_empty() {
        true => of.chars().count() + 1,
        false => of.matches(from).count(),
    };
    let made = (n as u64).saturating_mul(to.len() as u64);
    charge(state, made.saturating_add(of.len() as u64))?;
    Ok(Value::from(of.replace(from, to)))
}

fn indent(
    state: &mut State,
    of: &str,
    width: Option<usize>,
    first: Option<bool>,
    blank: Option<bool>,
) -> Result<Value, Error> {
    let width = width.unwrap_or(4);
    let n = of.split('\n').count();
    charge(state, (n as u64).saturating_mul(width as u64))?;
    charge(state, of.len() as u64)?;
    let blanks = " ".repeat(width);
    let mut out = String::with_capacity(of.len() + n * width);
    for (i, line) in of.split('\n').enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let wanted = if i == 0 {
            first
        } else {
            Some(!line.is_empty() || blank == Some(true))
        };
        if wanted == Some(true) {
            out.push_str(&blanks);
        }
        out.push_str(line);
    }
    Ok(Value::from(out))
}
