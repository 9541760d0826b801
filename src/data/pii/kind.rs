//! What is looked for, and what was found.

/// A kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An e-mail address, also `name [at] host`.
    Email,
    /// A telephone number.
    Phone,
    /// A public IPv4 or IPv6 address.
    Ip,
    /// An international bank account number.
    Iban,
    /// A payment card's number.
    Card,
    /// A person's identity, insurance or tax number.
    NationalId,
    /// A value-added-tax or company number.
    TaxId,
    /// A licence plate.
    Plate,
    /// Geographic coordinates of four decimals or more, or to the second.
    Coordinates,
    /// A password, an access key, a private key.
    Secret,
}

impl Kind {
    /// Every kind, in the order reports list them.
    pub const ALL: [Kind; 10] = [
        Kind::Email,
        Kind::Phone,
        Kind::Ip,
        Kind::Iban,
        Kind::Card,
        Kind::NationalId,
        Kind::TaxId,
        Kind::Plate,
        Kind::Coordinates,
        Kind::Secret,
    ];

    /// Its name in records and reports: `national_id`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Email => "email",
            Kind::Phone => "phone",
            Kind::Ip => "ip",
            Kind::Iban => "iban",
            Kind::Card => "card",
            Kind::NationalId => "national_id",
            Kind::TaxId => "tax_id",
            Kind::Plate => "plate",
            Kind::Coordinates => "coordinates",
            Kind::Secret => "secret",
        }
    }

    /// What masking puts in its place: `<NATIONAL_ID>`.
    pub fn stand_in(self) -> &'static str {
        match self {
            Kind::Email => "<EMAIL>",
            Kind::Phone => "<PHONE>",
            Kind::Ip => "<IP>",
            Kind::Iban => "<IBAN>",
            Kind::Card => "<CARD>",
            Kind::NationalId => "<NATIONAL_ID>",
            Kind::TaxId => "<TAX_ID>",
            Kind::Plate => "<PLATE>",
            Kind::Coordinates => "<COORDINATES>",
            Kind::Secret => "<SECRET>",
        }
    }

    /// The kind of a name.
    pub fn find(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A place in a text that holds personal data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// The byte past the last.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
    /// Whose it is: ISO 3166-1 in small letters, where the number tells or the language does.
    pub country: Option<&'static str>,
    /// The numbering scheme, for identifiers.
    pub scheme: Option<&'static str>,
    /// How sure: 1 for a checked number beside its own word, 0.5 for a bare form.
    pub score: f32,
}

/// What to look for.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The kinds wanted.
    pub kinds: Vec<Kind>,
    /// Least score of a span.
    pub min_score: f32,
    /// Whether addresses of private networks, documentation and loopback count too.
    pub private_ips: bool,
    /// Whether decimal coordinates count without a word beside them.
    pub bare_coordinates: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            kinds: Kind::ALL.to_vec(),
            min_score: 0.5,
            private_ips: false,
            bare_coordinates: false,
        }
    }
}

/// The spans as pairs of positions in Unicode characters, as HPLT's field `pii` has them.
///
/// `spans` must be in order, as [`super::Finder::find`] gives them.
pub fn unicode_offsets(text: &str, spans: &[Span]) -> Vec<[usize; 2]> {
    let count = |from: usize, to: usize| {
        let bytes = text.as_bytes().get(from..to).unwrap_or_default();
        bytes.iter().filter(|&&b| b & 0xC0 != 0x80).count() // all but continuation bytes
    };
    let (mut byte, mut position) = (0, 0);
    let mut pairs = Vec::with_capacity(spans.len());
    for span in spans {
        let start = position + count(byte, span.start);
        let end = start + count(span.start, span.end);
        pairs.push([start, end]);
        (byte, position) = (span.end, end);
    }
    pairs
}
