//! Identity, tax, company and account numbers by country and scheme, with their check digits.
//!
//! Every scheme is a row: whose it is, which separators and prefixes it may have, when it checks,
//! and in which written forms it is looked for in running text. The arithmetic of each is public
//! knowledge (the issuing authorities' own descriptions); names follow python-stdnum, with which
//! agreement is tested.

mod arith;
mod balkan;
mod east;
mod iban;
mod north;
mod scheme;
mod south;
#[cfg(test)]
mod tests;
mod west;

pub(super) use arith::luhn;
pub(super) use iban::{card, iban, iban_check, iban_country, iban_len};
pub use scheme::{Class, Scheme};

/// Every scheme, by part of Europe.
pub fn schemes() -> impl Iterator<Item = &'static Scheme> + Clone {
    let parts = [
        north::SCHEMES,
        west::SCHEMES,
        south::SCHEMES,
        east::SCHEMES,
        balkan::SCHEMES,
    ];
    parts.into_iter().flatten()
}

/// Whether `number` checks under the scheme `name` of `country` (ISO 3166-1, small letters); none
/// if there is no such scheme. The scheme `iban` exists in every country of the registry.
pub fn validate(country: &str, name: &str, number: &str) -> Option<bool> {
    if name == "iban" {
        let code = country.to_ascii_uppercase();
        iban_len(code.as_bytes())?;
        return Some(iban_form(&code, number).is_some());
    }
    let scheme = schemes().find(|s| s.country == country && s.name == name)?;
    Some(scheme.normal(number).is_some())
}

/// The number in capitals without separators and prefix, if it checks under the scheme.
pub fn normal(country: &str, name: &str, number: &str) -> Option<String> {
    if name == "iban" {
        return iban_form(&country.to_ascii_uppercase(), number);
    }
    let scheme = schemes().find(|s| s.country == country && s.name == name)?;
    scheme.normal(number)
}

/// The compact form of an account number of `country`.
fn iban_form(country: &str, number: &str) -> Option<String> {
    if number.len() > 80 {
        return None;
    }
    let separator = |c: &char| !matches!(c, ' ' | '-' | '.');
    let bare: String = number.chars().filter(separator).collect();
    let bare = bare.to_uppercase();
    (bare.starts_with(country) && iban(bare.as_bytes())).then_some(bare)
}
