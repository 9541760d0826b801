//! The filters: one row each, and the judgement over all of them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::metrics::Metrics;
use super::rules::Rules;

/// Filters that come from one source and are switched on or off together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Gopher's quality rules (arXiv 2112.11446, table A1).
    GopherQuality,
    /// Gopher's repetition rules (the same table).
    GopherRepetition,
    /// FineWeb's rules (arXiv 2406.17557), with FineWeb-2's values.
    Fineweb,
    /// C4's rules (arXiv 1910.10683), line by line.
    C4,
    /// MADLAD-400's rules (arXiv 2309.04662), sentence by sentence.
    Madlad,
    /// HPLT's web document score and its bounds on length.
    Wds,
    /// A list of bad words the user gives.
    BadWords,
    /// How sure the language is.
    Language,
}

impl Family {
    /// Every family, in the order their filters are asked.
    pub const ALL: [Family; 8] = [
        Family::GopherQuality,
        Family::GopherRepetition,
        Family::Fineweb,
        Family::C4,
        Family::Madlad,
        Family::Wds,
        Family::BadWords,
        Family::Language,
    ];

    /// The name in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Family::GopherQuality => "gopher_quality",
            Family::GopherRepetition => "gopher_repetition",
            Family::Fineweb => "fineweb",
            Family::C4 => "c4",
            Family::Madlad => "madlad",
            Family::Wds => "wds",
            Family::BadWords => "bad_words",
            Family::Language => "language",
        }
    }

    /// The family of a name.
    pub fn find(name: &str) -> Option<Family> {
        Family::ALL.into_iter().find(|family| family.name() == name)
    }
}

/// A set of families; in files a list of their names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Families(u8);

impl Families {
    /// Every family.
    pub fn all() -> Self {
        Family::ALL.into_iter().collect()
    }

    /// Those whose metrics one walk gives: the defaults.
    pub fn cheap() -> Self {
        use Family::{Fineweb, GopherQuality, GopherRepetition, Language};
        [GopherQuality, GopherRepetition, Fineweb, Language]
            .into_iter()
            .collect()
    }

    /// Whether `family` is one of them.
    pub fn has(self, family: Family) -> bool {
        self.0 & 1 << family as u8 != 0
    }

    /// These and `others`.
    pub fn with(self, others: Families) -> Self {
        Families(self.0 | others.0)
    }

    /// These without `others`.
    pub fn without(self, others: Families) -> Self {
        Families(self.0 & !others.0)
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Family> {
        Family::ALL
            .into_iter()
            .filter(move |family| self.has(*family))
    }
}

impl FromIterator<Family> for Families {
    fn from_iter<I: IntoIterator<Item = Family>>(families: I) -> Self {
        Families(
            families
                .into_iter()
                .fold(0, |set, family| set | 1 << family as u8),
        )
    }
}

impl Serialize for Families {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Families {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Vec::<Family>::deserialize(from)?.into_iter().collect())
    }
}

/// Which side of its threshold a value must be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Not below the threshold.
    AtLeast,
    /// Not above it.
    AtMost,
}

/// One metric against one threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The family it belongs to.
    pub family: Family,
    /// Whether the rules ask for it; what is not asked for drops nothing.
    pub on: bool,
    /// The reason a record is dropped for where the check does not hold.
    pub reason: &'static str,
    /// Name of the metric.
    pub metric: &'static str,
    /// What was measured.
    pub value: f64,
    /// The side it must be on.
    pub bound: Bound,
    /// What it was held against.
    pub threshold: f64,
    /// Whether it holds.
    pub ok: bool,
}

/// One filter.
#[derive(Debug)]
pub struct Filter {
    /// The family it belongs to.
    pub family: Family,
    /// The reason a record is dropped for.
    pub reason: &'static str,
    /// Name of the metric.
    pub metric: &'static str,
    /// Name of the threshold in a file of rules.
    pub key: &'static str,
    /// The side of the threshold the metric must be on.
    pub bound: Bound,
    /// The threshold where a language has none of its own.
    pub default: f64,
    /// The metric.
    pub value: fn(&Metrics) -> f64,
}

/// How many filters there are.
pub const N_FILTERS: usize = 42;

macro_rules! filters {
    ($($family:ident $bound:ident $default:literal $key:literal $reason:literal $metric:literal $value:expr;)*) => {
        [$(Filter {
            family: Family::$family,
            reason: $reason,
            metric: $metric,
            key: $key,
            bound: Bound::$bound,
            default: $default,
            value: $value,
        }),*]
    };
}

/// Every filter, in the order they are asked. Where a source is not named with the family, it is
/// HPLT's `length_500` and `word_avg_5`, or mC4's bound on the third longest line, which is off.
#[rustfmt::skip]
pub static FILTERS: [Filter; N_FILTERS] = filters![
    GopherQuality    AtLeast 50.0     "min_words"               "too_few_words"       "n_words"             |m| m.n_words as f64;
    GopherQuality    AtMost  100_000.0 "max_words"              "too_many_words"      "n_words"             |m| m.n_words as f64;
    GopherQuality    AtLeast 3.0      "min_mean_word"           "short_words"         "mean_word_length"    |m| m.mean_word_length;
    GopherQuality    AtMost  10.0     "max_mean_word"           "long_words"          "mean_word_length"    |m| m.mean_word_length;
    GopherQuality    AtMost  0.1      "max_symbol_ratio"        "symbols"             "symbol_ratio"        |m| m.symbol_ratio;
    GopherQuality    AtLeast 0.8      "min_alpha_ratio"         "few_letters"         "alpha_ratio"         |m| m.alpha_ratio;
    GopherQuality    AtLeast 2.0      "min_stop_words"          "few_stop_words"      "stop_words"          |m| m.stop_words as f64;
    GopherRepetition AtMost  0.2      "max_top_2_gram"          "top_2_gram"          "top_2_gram"          |m| m.top_ngram[0];
    GopherRepetition AtMost  0.18     "max_top_3_gram"          "top_3_gram"          "top_3_gram"          |m| m.top_ngram[1];
    GopherRepetition AtMost  0.16     "max_top_4_gram"          "top_4_gram"          "top_4_gram"          |m| m.top_ngram[2];
    GopherRepetition AtMost  0.15     "max_dup_5_gram"          "dup_5_gram"          "dup_5_gram"          |m| m.dup_ngram[0];
    GopherRepetition AtMost  0.14     "max_dup_6_gram"          "dup_6_gram"          "dup_6_gram"          |m| m.dup_ngram[1];
    GopherRepetition AtMost  0.13     "max_dup_7_gram"          "dup_7_gram"          "dup_7_gram"          |m| m.dup_ngram[2];
    GopherRepetition AtMost  0.12     "max_dup_8_gram"          "dup_8_gram"          "dup_8_gram"          |m| m.dup_ngram[3];
    GopherRepetition AtMost  0.11     "max_dup_9_gram"          "dup_9_gram"          "dup_9_gram"          |m| m.dup_ngram[4];
    GopherRepetition AtMost  0.1      "max_dup_10_gram"         "dup_10_gram"         "dup_10_gram"         |m| m.dup_ngram[5];
    GopherRepetition AtMost  0.3      "max_dup_lines"           "dup_lines"           "dup_lines"           |m| m.dup_lines;
    GopherRepetition AtMost  0.3      "max_dup_paragraphs"      "dup_paragraphs"      "dup_paragraphs"      |m| m.dup_paragraphs;
    GopherRepetition AtMost  0.2      "max_dup_paragraph_chars" "dup_paragraph_chars" "dup_paragraph_chars" |m| m.dup_paragraph_chars;
    Fineweb          AtMost  0.1      "max_dup_line_chars"      "dup_line_chars"      "dup_line_chars"      |m| m.dup_line_chars;
    GopherQuality    AtMost  0.9      "max_bullet_lines"        "bullet_lines"        "bullet_lines"        |m| m.bullet_lines;
    GopherQuality    AtMost  0.3      "max_ellipsis_lines"      "ellipsis_lines"      "ellipsis_lines"      |m| m.ellipsis_lines;
    Fineweb          AtLeast 0.12     "min_line_punctuation"    "few_sentence_ends"   "line_punctuation"    |m| m.line_punctuation;
    Fineweb          AtMost  999.0    "max_short_lines"         "short_lines"         "short_lines"         |m| m.short_lines;
    Fineweb          AtMost  0.3      "max_new_line_ratio"      "many_line_ends"      "new_line_ratio"      |m| m.new_line_ratio;
    GopherRepetition AtMost  0.2      "max_dup_line_chars_gopher" "dup_line_chars_gopher" "dup_line_chars"  |m| m.dup_line_chars;
    C4               AtLeast 5.0      "min_c4_sentences"        "c4_few_sentences"    "c4_sentences"        |m| m.c4_sentences as f64;
    C4               AtMost  0.0      "max_curly_brackets"      "c4_curly_bracket"    "curly_brackets"      |m| m.curly_brackets as f64;
    C4               AtMost  0.0      "max_lorem_ipsum"         "c4_lorem_ipsum"      "lorem_ipsum"         |m| m.lorem_ipsum as f64;
    C4               AtMost  1.0      "max_c4_removed_lines"    "c4_removed_lines"    "c4_removed_lines"    |m| m.c4_removed_lines;
    C4               AtLeast 0.0      "min_third_line"          "c4_short_paragraphs" "third_line"          |m| m.third_line as f64;
    Madlad           AtLeast 5.0      "min_sentences"           "madlad_few_sentences" "n_sentences"        |m| m.n_sentences as f64;
    Madlad           AtMost  0.2      "max_questionable"        "madlad_questionable" "questionable"        |m| m.questionable;
    Madlad           AtMost  1.0      "max_list_case"           "madlad_list_case"    "list_case"           |m| m.list_case;
    Madlad           AtMost  1.0      "max_technical"           "madlad_technical"    "technical"           |m| m.technical;
    Madlad           AtMost  1.0      "max_cursed"              "madlad_cursed"       "cursed"              |m| m.cursed;
    Wds              AtLeast 0.5      "min_wds"                 "wds"                 "wds"                 |m| m.wds.wds;
    Wds              AtLeast 500.0    "min_chars"               "wds_short_text"      "n_chars"             |m| m.n_chars as f64;
    Wds              AtLeast 5.0      "min_words_a_line"        "wds_short_lines"     "words_a_line"        |m| super::metrics::ratio(m.n_words as usize, m.n_lines as usize);
    BadWords         AtMost  0.0      "max_bad_words"           "bad_words"           "bad_words"           |m| m.bad_words as f64;
    Language         AtLeast 0.0      "min_lang_prob"           "uncertain_language"  "lang_prob"           |m| m.lang_prob;
    Language         AtLeast 0.0      "min_lang_share"          "mixed_language"      "lang_share"          |m| m.lang_share;
];

impl Filter {
    /// The filter with this threshold.
    pub fn find(key: &str) -> Option<&'static Filter> {
        FILTERS.iter().find(|filter| filter.key == key)
    }

    /// Whether `value` is on the right side of `threshold`.
    pub fn holds(&self, value: f64, threshold: f64) -> bool {
        match self.bound {
            Bound::AtLeast => value >= threshold,
            Bound::AtMost => value <= threshold,
        }
    }

    fn check(&self, at: usize, metrics: &Metrics, rules: &Rules) -> Check {
        let (value, threshold) = ((self.value)(metrics), rules.threshold_at(at));
        Check {
            family: self.family,
            on: rules.families.has(self.family),
            reason: self.reason,
            metric: self.metric,
            value,
            bound: self.bound,
            threshold,
            ok: self.holds(value, threshold),
        }
    }
}

/// Every check whose metric was measured, in order; the first that is on and not ok is the reason
/// of a drop.
pub fn verdict(metrics: &Metrics, rules: &Rules) -> Vec<Check> {
    let rows = FILTERS.iter().enumerate();
    let measured = rows.filter(|(_, filter)| metrics.measured.has(filter.family));
    measured
        .map(|(at, filter)| filter.check(at, metrics, rules))
        .collect()
}

/// The first check that is on and does not hold; none for a text worth keeping.
pub fn first_failure(metrics: &Metrics, rules: &Rules) -> Option<Check> {
    let on = metrics
        .measured
        .without(Families::all().without(rules.families));
    let mut rows = FILTERS
        .iter()
        .enumerate()
        .filter(|(_, filter)| on.has(filter.family));
    let (at, filter) =
        rows.find(|(at, f)| !f.holds((f.value)(metrics), rules.threshold_at(*at)))?;
    Some(filter.check(at, metrics, rules))
}
