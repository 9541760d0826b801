//! Bounds for what a chat template may take: templates come with models, and models from anywhere.
//!
//! Steps are counted by the template engine (fuel). But one step can double a text, repeat a list
//! or compare two that hold each other a thousand times, so that few steps need all memory or all
//! time. Here every such step is replaced by one that is charged for what it reads, as a tree,
//! and for what it makes: a budget for each rendering, and no value deeper than [`MAX_DEPTH`].

use minijinja::machinery::{self, CompiledTemplate, Instruction, Instructions, Token};
use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters, functions, tests};

use super::{python, steps};

/// Most steps of a rendering.
const FUEL: u64 = 2_000_000;
/// Bytes that plain text of the template may become: a step writes one run of it.
const MAX_RAW: u64 = 512 << 20;
/// Bytes that values read and made in a rendering may have in sum.
const BUDGET: u64 = 512 << 20;
/// What a value costs beside its text, in bytes.
pub(super) const NODE: u64 = 64;
/// Deepest value. Tools are described by nested maps, some ten deep.
const MAX_DEPTH: u32 = 64;
/// Most objects that a template may assign to: each may hold the next.
const MAX_NAMESPACES: u32 = 64;
/// Deepest calls of macros.
const MAX_CALLS: usize = 128;
/// Most products in a template, and the largest whole number beside them: of those of constants
/// the result is made when the template is read.
const MAX_PRODUCTS: usize = 3;
const MAX_FACTOR: u64 = 100;
/// Most tokens of one tag, and most branches of conditions; known templates have some hundred and
/// a dozen.
const MAX_TOKENS: usize = 1000;
const MAX_BRANCHES: usize = 200;
/// Longest template; known ones have some ten kilobytes.
pub(super) const MAX_TEMPLATE: usize = 1 << 18;

const TOO_MUCH: &str = "the template takes too much memory or time";

/// What is left to a rendering.
struct Left {
    bytes: u64,
    namespaces: u32,
}

pub(super) fn refused(what: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what.to_owned())
}

/// Charges so many bytes.
pub(super) fn charge(state: &mut State, bytes: u64) -> Result<(), Error> {
    let left = left(state);
    left.bytes = left.bytes.saturating_sub(bytes);
    match left.bytes {
        0 => Err(refused(TOO_MUCH)),
        _ => Ok(()),
    }
}

fn left<'s>(state: &'s mut State) -> &'s mut Left {
    state.get_or_insert_extension(Left {
        bytes: BUDGET,
        namespaces: MAX_NAMESPACES,
    })
}

/// Charges for all that values hold; what each of them weighs in bytes.
pub(super) fn weigh(state: &mut State, values: &[Value]) -> Result<u64, Error> {
    let before = left(state).bytes;
    let mut after = before;
    let weighed = values
        .iter()
        .try_for_each(|value| weigh_one(value, MAX_DEPTH, &mut after));
    left(state).bytes = after;
    weighed?;
    charge(state, 0)?;
    Ok(before - after)
}

/// Charges for the items of a list, or a text, but not for what the items hold: enough where they
/// only go from one list to another.
pub(super) fn count(state: &mut State, value: &Value) -> Result<(), Error> {
    let n = match value.as_str() {
        Some(text) => text.len() as u64,
        None => NODE.saturating_mul(value.len().unwrap_or(0) as u64),
    };
    charge(state, NODE.saturating_add(n))
}

fn weigh_one(value: &Value, depth: u32, left: &mut u64) -> Result<(), Error> {
    let text = value.as_str().map_or(0, str::len) as u64;
    *left = left.saturating_sub(NODE + text);
    if *left == 0 {
        return Err(refused(TOO_MUCH));
    }
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map if depth == 0 => {
            Err(refused("the template nests values too deep"))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let n = value.len().unwrap_or(0) as u64;
            if n.saturating_mul(NODE) > *left {
                return Err(refused(TOO_MUCH));
            }
            for item in value.try_iter()? {
                weigh_one(&item, depth - 1, left)?;
            }
            Ok(())
        }
        ValueKind::Map => {
            for key in value.try_iter()? {
                weigh_one(&key, depth - 1, left)?;
                weigh_one(&value.get_item(&key)?, depth - 1, left)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// An environment in which every filter, function and test is charged for.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_recursion_limit(MAX_CALLS);
    environment.set_unknown_method_callback(|state, value, name, args| {
        weigh(state, std::slice::from_ref(value))?;
        weigh(state, args)?;
        python::method(state, value, name, args)
    });
    environment.set_formatter(|out, state, value| {
        weigh(state, std::slice::from_ref(value))?;
        minijinja::escape_formatter(out, state, value)
    });
    for (name, filter) in kept_filters() {
        environment.add_filter(name, charged(filter, weigh));
    }
    for (name, filter) in filters_of_lists() {
        environment.add_filter(name, charged(filter, count_all));
    }
    environment.add_filter(
        "tojson",
        charged(Value::from_function(python::tojson), weigh),
    );
    for (name, test) in kept_tests() {
        environment.add_test(name, truth(charged(test, weigh)));
    }
    environment.add_test("boolean", tests::is_boolean);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("even", tests::is_even);
    environment.add_test("false", tests::is_false);
    environment.add_test("float", tests::is_float);
    environment.add_test("integer", tests::is_integer);
    environment.add_test("iterable", tests::is_iterable);
    environment.add_test("mapping", tests::is_mapping);
    environment.add_test("none", tests::is_none);
    environment.add_test("number", tests::is_number);
    environment.add_test("odd", tests::is_odd);
    environment.add_test("sequence", tests::is_sequence);
    environment.add_test("string", tests::is_string);
    environment.add_test("true", tests::is_true);
    environment.add_test("undefined", tests::is_undefined);
    environment.add_function("range", |state: &mut State, args: Args| {
        let range = Value::from_function(functions::range).call(state, &values(args))?;
        count(state, &range)?;
        Ok::<_, Error>(range)
    });
    environment.add_function(
        "dict",
        charged(Value::from_function(functions::dict), weigh),
    );
    let namespace = charged(Value::from_function(functions::namespace), weigh);
    environment.add_function("namespace", move |state: &mut State, args: Args| {
        let left = left(state);
        left.namespaces = left.namespaces.saturating_sub(1);
        if left.namespaces == 0 {
            return Err(refused("the template makes too many namespaces"));
        }
        namespace(state, args)
    });
    steps::add_to(&mut environment);
    environment
}

/// Arguments, those by name among them.
type Args = Rest<ValueOrKwargs>;

fn values(args: Args) -> Vec<Value> {
    args.0.into_iter().map(Value::from).collect()
}

/// `f`, once `charge` has taken what its arguments cost.
fn charged<T: 'static>(
    f: Value,
    charge: fn(&mut State, &[Value]) -> Result<T, Error>,
) -> impl Fn(&mut State, Args) -> Result<Value, Error> {
    move |state, args| {
        let args = values(args);
        charge(state, &args)?;
        f.call(state, &args)
    }
}

fn truth(
    f: impl Fn(&mut State, Args) -> Result<Value, Error>,
) -> impl Fn(&mut State, Args) -> Result<bool, Error> {
    move |state, args| Ok(f(state, args)?.is_true())
}

fn count_all(state: &mut State, values: &[Value]) -> Result<(), Error> {
    values.iter().try_for_each(|value| count(state, value))
}

/// Names of filters or tests, with what they are.
macro_rules! named {
    ($($name:literal: $function:path),* $(,)?) => {
        [$(($name, Value::from_function($function))),*]
    };
}

/// Filters that make no more than they read.
fn kept_filters() -> [(&'static str, Value); 21] {
    named![
        "abs": filters::abs,
        "attr": filters::attr,
        "bool": filters::bool,
        "capitalize": filters::capitalize,
        "dictsort": filters::dictsort,
        "e": filters::escape,
        "escape": filters::escape,
        "float": filters::float,
        "int": filters::int,
        "items": filters::items,
        "lower": filters::lower,
        "max": filters::max,
        "min": filters::min,
        "round": filters::round,
        "safe": filters::safe,
        "sort": filters::sort,
        "string": filters::string,
        "title": filters::title,
        "trim": filters::trim,
        "unique": filters::unique,
        "upper": filters::upper,
    ]
}

/// Those whose lists hold what those before held.
fn filters_of_lists() -> [(&'static str, Value); 13] {
    named![
        "count": filters::length,
        "d": filters::default,
        "default": filters::default,
        "first": filters::first,
        "last": filters::last,
        "length": filters::length,
        "list": filters::list,
        "map": filters::map,
        "reject": filters::reject,
        "rejectattr": filters::rejectattr,
        "reverse": filters::reverse,
        "select": filters::select,
        "selectattr": filters::selectattr,
    ]
}

fn kept_tests() -> [(&'static str, Value); 19] {
    named![
        "==": tests::is_eq,
        "eq": tests::is_eq,
        "equalto": tests::is_eq,
        "!=": tests::is_ne,
        "ne": tests::is_ne,
        "<": tests::is_lt,
        "lt": tests::is_lt,
        "<=": tests::is_le,
        "le": tests::is_le,
        ">": tests::is_gt,
        "gt": tests::is_gt,
        ">=": tests::is_ge,
        "ge": tests::is_ge,
        "in": tests::is_in,
        "divisibleby": tests::is_divisibleby,
        "endingwith": tests::is_endingwith,
        "lower": tests::is_lower,
        "startingwith": tests::is_startingwith,
        "upper": tests::is_upper,
    ]
}

/// Replaces the steps that are charged for; how much fuel the template may take.
///
/// # Errors
/// When it has steps that are not read here.
pub(super) fn guard(template: &mut CompiledTemplate<'_>) -> Result<u64, Error> {
    let mut longest = guard_all(&mut template.instructions)?;
    for block in template.blocks.values_mut() {
        longest = longest.max(guard_all(block)?);
    }
    Ok(FUEL.min(MAX_RAW / longest.max(1)))
}

/// The longest run of plain text among `steps`, in bytes.
fn guard_all(steps: &mut Instructions<'_>) -> Result<u64, Error> {
    let mut longest = 0;
    let mut at = 0;
    while let Some(step) = steps.get_mut(at) {
        at += 1;
        let (name, n) = match step {
            Instruction::EmitRaw(text) => {
                longest = longest.max(text.len() as u64);
                continue;
            }
            Instruction::StringConcat => (steps::CONCAT, 2),
            Instruction::Add => (steps::ADD, 2),
            Instruction::Mul => (steps::MUL, 2),
            Instruction::Eq => (steps::EQ, 2),
            Instruction::Ne => (steps::NE, 2),
            Instruction::Lt => (steps::LT, 2),
            Instruction::Lte => (steps::LE, 2),
            Instruction::Gt => (steps::GT, 2),
            Instruction::Gte => (steps::GE, 2),
            Instruction::In => (steps::IN, 2),
            Instruction::GetItem => (steps::ITEM, 2),
            Instruction::Slice => (steps::SLICE, 4),
            Instruction::BuildList(Some(n)) => (steps::LIST, *n),
            Instruction::BuildTuple(Some(n)) => (steps::LIST, *n),
            Instruction::BuildMap(n) => (steps::MAP, 2 * *n),
            Instruction::CompareAndPreserve(_) => {
                return Err(refused("comparisons in a chain are not read"));
            }
            _ => continue,
        };
        let n = u16::try_from(n).map_err(|_| refused("a list is too long"))?;
        *step = Instruction::CallFunction(name, Some(n));
    }
    Ok(longest)
}

/// Refuses what would take too much before any step is taken: when the template is read, products
/// of constants are made, and expressions are walked by calls that go as deep as they do.
///
/// # Errors
/// When the template is not like one that writes down a conversation.
pub(super) fn check(source: &str) -> Result<(), Error> {
    let tokens = machinery::tokenize(source, false, Default::default());
    let (mut in_tag, mut n_branches, mut n_products, mut factor, mut powers) = (0, 0, 0, 0, false);
    for (token, _) in tokens.map_while(Result::ok) {
        // What is no token is told when the template is compiled.
        in_tag += 1;
        match token {
            Token::VariableStart | Token::BlockStart => in_tag = 0,
            Token::Ident("elif") => n_branches += 1,
            Token::Mul => n_products += 1,
            Token::Pow => powers = true,
            Token::Int(n) => factor = factor.max(n),
            Token::Int128(_) => factor = u64::MAX,
            _ => {}
        }
        if in_tag > MAX_TOKENS || n_branches > MAX_BRANCHES {
            return Err(refused("the template has too long an expression"));
        }
    }
    if n_products > MAX_PRODUCTS || n_products > 0 && (powers || factor > MAX_FACTOR) {
        return Err(refused("the template multiplies more than text needs"));
    }
    Ok(())
}
