//! What a scheme is: whose number, how it is written, when it checks.

/// What a number names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A person.
    Person,
    /// A person or a company before the tax office or customs.
    Tax,
    /// A company, an association, an authority.
    Company,
    /// An account or a payment.
    Account,
    /// A place, a meter, a security, a medicine: nobody's number.
    Place,
}

/// One numbering scheme of one country.
#[derive(Debug)]
pub struct Scheme {
    /// Country, ISO 3166-1 in small letters.
    pub country: &'static str,
    /// Its name, as python-stdnum spells it where that library has it.
    pub name: &'static str,
    /// What it names.
    pub class: Class,
    /// Written forms looked for in running text: `9` a digit, `A` a letter, `*` either, all else
    /// itself. None: the number is validated where asked, but not looked for.
    pub forms: &'static [&'static str],
    /// Whether a number that checks could well be another: it takes a word beside it, or a place
    /// of its own in a text of the country's language.
    pub weak: bool,
    drop: &'static str,
    prefixes: &'static [&'static str],
    check: fn(&[u8]) -> bool,
}

/// Longest number looked at, in bytes.
const MAX_LEN: usize = 80;

impl Scheme {
    pub(super) const fn new(
        country: &'static str,
        name: &'static str,
        class: Class,
        drop: &'static str,
        prefixes: &'static [&'static str],
        check: fn(&[u8]) -> bool,
    ) -> Self {
        Scheme {
            country,
            name,
            class,
            forms: &[],
            weak: false,
            drop,
            prefixes,
            check,
        }
    }

    pub(super) const fn form(mut self, forms: &'static [&'static str]) -> Self {
        self.forms = forms;
        self
    }

    pub(super) const fn weak(mut self) -> Self {
        self.weak = true;
        self
    }

    /// Whether its numbers may begin with these letters of a country; places have no owner.
    pub(in crate::data::pii) fn begins(&self, letters: &str) -> bool {
        self.class != Class::Place && self.prefixes.iter().any(|p| p.starts_with(letters))
    }

    /// The number in capitals without separators and country prefix, if it checks.
    pub fn normal(&self, number: &str) -> Option<String> {
        if number.len() > MAX_LEN {
            return None;
        }
        let mut bare: String = number
            .trim()
            .chars()
            .filter(|&c| !self.drop.contains(c))
            .flat_map(char::to_uppercase)
            .collect();
        for prefix in self.prefixes {
            if let Some(rest) = bare.strip_prefix(prefix) {
                bare = rest.to_string();
                break;
            }
        }
        (self.check)(bare.as_bytes()).then_some(bare)
    }
}
