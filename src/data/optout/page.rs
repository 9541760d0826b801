//! What a page itself says: its HTTP headers and `meta` elements.

use super::preference::training_preference;
use super::tdmrep::reservation_text;

/// Characters of a value kept as evidence.
const MAX_EVIDENCE: usize = 200;

/// One thing a page says, and the words it says it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Whether it allows mining and training.
    pub allowed: bool,
    /// Name and value as written, cut to 200 characters.
    pub text: String,
}

/// All that a page says of its use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageSignals {
    /// `tdm-reservation` in the headers.
    pub tdm_header: Option<Signal>,
    /// `tdm-reservation` in a meta element, which outranks the header.
    pub tdm_meta: Option<Signal>,
    /// `tdm-policy`: of the meta element, else of the header.
    pub tdm_policy: Option<String>,
    /// `noai` in `X-Robots-Tag`.
    pub noai_header: Option<Signal>,
    /// `noai` in a robots meta element.
    pub noai_meta: Option<Signal>,
    /// `Content-Usage` (or `Content-Signal`) in the headers.
    pub usage: Option<Signal>,
}

/// The directive of `X-Robots-Tag` or a robots meta element by which a page is not for training (as
/// DeviantArt introduced it in 2022). All others speak of search, of images or of caches.
const NOAI: &str = "noai";

/// Directives with a value after a colon, which is no agent's.
const WITH_VALUE: [&str; 4] = [
    "max-snippet",
    "max-image-preview",
    "max-video-preview",
    "unavailable_after",
];

fn evidence(name: &str, value: &str) -> String {
    let text = format!("{}: {}", name.trim(), value.trim());
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(MAX_EVIDENCE).collect()
}

/// Keeps what reserves, of two that speak of the same.
fn join(slot: &mut Option<Signal>, allowed: bool, text: String) {
    if slot.as_ref().is_none_or(|s| s.allowed && !allowed) {
        *slot = Some(Signal { allowed, text });
    }
}

impl PageSignals {
    /// Takes in one header of the response; `agents` are those whose scoped rules count.
    pub fn header(&mut self, name: &str, value: &str, agents: &[String]) {
        let lower = name.trim().to_ascii_lowercase();
        match lower.as_str() {
            "tdm-reservation" => {
                // Several headers of a name come joined by commas.
                for reserved in value.split(',').filter_map(reservation_text) {
                    join(&mut self.tdm_header, !reserved, evidence(name, value));
                }
            }
            "tdm-policy" if self.tdm_policy.is_none() => {
                self.tdm_policy = Some(value.trim().chars().take(MAX_EVIDENCE).collect());
            }
            "content-usage" | "content-signal" => {
                if let Some(allowed) = training_preference(value) {
                    join(&mut self.usage, allowed, evidence(name, value));
                }
            }
            "x-robots-tag" => {
                directives(value, agents, name, &mut self.noai_header);
            }
            _ => {}
        }
    }

    /// Takes in one meta element of the page.
    pub fn meta(&mut self, name: &str, content: &str, agents: &[String]) {
        let lower = name.trim().to_ascii_lowercase();
        match lower.as_str() {
            "tdm-reservation" => {
                if let Some(reserved) = reservation_text(content) {
                    join(&mut self.tdm_meta, !reserved, evidence(name, content));
                }
            }
            "tdm-policy" => {
                self.tdm_policy = Some(content.trim().chars().take(MAX_EVIDENCE).collect());
            }
            _ if lower == "robots" || agents.iter().any(|a| a.eq_ignore_ascii_case(&lower)) => {
                directives(content, &[], name, &mut self.noai_meta);
            }
            _ => {}
        }
    }

    /// What a header or meta element says of mining: the meta element where both speak.
    pub fn tdm(&self) -> Option<&Signal> {
        self.tdm_meta.as_ref().or(self.tdm_header.as_ref())
    }
}

/// Reads `[agent:] directive, directive, ...`.
fn directives(list: &str, agents: &[String], name: &str, noai: &mut Option<Signal>) {
    let mut for_us = true;
    for entry in list.split(',') {
        let mut entry = entry.trim();
        if let Some((head, tail)) = entry.split_once(':') {
            let head = head.trim();
            if !WITH_VALUE.iter().any(|d| d.eq_ignore_ascii_case(head)) {
                for_us = agents.iter().any(|a| a.eq_ignore_ascii_case(head));
                entry = tail.trim();
            }
        }
        if for_us && entry.eq_ignore_ascii_case(NOAI) {
            join(noai, false, evidence(name, list));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&str, &str)]) -> PageSignals {
        let agents = ["*", "GPTBot"].map(String::from);
        let mut signals = PageSignals::default();
        for (name, value) in list {
            signals.header(name, value, &agents);
        }
        signals
    }

    #[test]
    fn the_meta_element_outranks_the_header() {
        let mut signals = headers(&[("TDM-Reservation", " 1 "), ("tdm-policy", "https://x/p")]);
        assert!(signals.tdm().is_some_and(|s| !s.allowed));
        assert_eq!(signals.tdm_policy.as_deref(), Some("https://x/p"));
        signals.meta("tdm-reservation", "0", &[]);
        assert!(signals.tdm().is_some_and(|s| s.allowed));
        for value in ["2", "", "yes", "tdm"] {
            assert_eq!(
                headers(&[("tdm-reservation", value)]).tdm(),
                None,
                "{value}"
            );
        }
        assert!(
            !headers(&[("tdm-reservation", "0, 1")])
                .tdm()
                .unwrap()
                .allowed
        );
    }

    #[test]
    fn noai_counts_for_all_or_for_our_agents() {
        for (value, expected) in [
            ("noai", true),
            ("noindex, NoAI, noimageai", true),
            ("gptbot: noai", true),
            ("otherbot: noai", false),
            ("otherbot: noindex, noai", false),
            ("otherbot: noindex, GPTBot: nofollow, noai", true),
            ("unavailable_after: 25 Jun 2030 15:00:00 PST, noai", true),
            ("noimageai", false),
            ("noaim", false),
            ("noindex", false),
        ] {
            let signals = headers(&[("X-Robots-Tag", value)]);
            assert_eq!(signals.noai_header.is_some(), expected, "{value}");
        }
        let mut signals = PageSignals::default();
        signals.meta("robots", "noindex,noai", &[]);
        assert!(signals.noai_meta.is_some());
        let mut signals = PageSignals::default();
        signals.meta("googlebot", "noai", &["GPTBot".into()]);
        assert_eq!(signals, PageSignals::default());
    }

    #[test]
    fn usage_is_reserved_by_any_header_that_says_so() {
        let signals = headers(&[
            ("Content-Usage", "train-ai=y"),
            ("content-usage", "train-ai=n"),
        ]);
        assert!(
            signals
                .usage
                .is_some_and(|s| !s.allowed && s.text == "content-usage: train-ai=n")
        );
        assert_eq!(headers(&[("Content-Usage", "search=n")]).usage, None);
    }
}
