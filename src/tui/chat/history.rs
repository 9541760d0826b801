//! Questions asked before: one by one with Up and Down, or sought with Ctrl-R.

/// Most questions that can be recalled.
const MAX: usize = 1000;

/// What was sent, and what of it is recalled.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    sent: Vec<String>,
    /// Which of `sent` is recalled, and what was being written before.
    recalled: Option<(usize, String)>,
    search: Option<Search>,
}

/// A search backwards.
#[derive(Debug, Clone)]
struct Search {
    query: String,
    /// Which of `sent` was found.
    at: Option<usize>,
    /// What was being written before.
    draft: String,
}

impl History {
    /// Questions of earlier conversations, oldest first.
    pub(super) fn new(sent: Vec<String>) -> Self {
        let mut history = History::default();
        for text in sent {
            history.add(text);
        }
        history
    }

    pub(super) fn add(&mut self, text: String) {
        self.recalled = None;
        self.search = None;
        if self.sent.last() != Some(&text) && !text.is_empty() {
            self.sent.push(text);
        }
        if self.sent.len() > MAX {
            self.sent.remove(0);
        }
    }

    /// An older (-1) or newer (1) question, at last what is being written.
    pub(super) fn recall(&mut self, by: isize, written: &str) -> String {
        let (at, draft) = match self.recalled.take() {
            Some((at, draft)) => (at, draft),
            None => (self.sent.len(), written.to_owned()),
        };
        let at = at.saturating_add_signed(by);
        match self.sent.get(at) {
            Some(text) => {
                self.recalled = Some((at, draft));
                text.clone()
            }
            None => draft,
        }
    }

    /// What is sought, and whether it was found; none if nothing is.
    pub(super) fn sought(&self) -> Option<(&str, bool)> {
        let search = self.search.as_ref()?;
        Some((
            &search.query,
            search.at.is_some() || search.query.is_empty(),
        ))
    }

    /// Begins to seek.
    pub(super) fn seek(&mut self, written: &str) {
        self.search = Some(Search {
            query: String::new(),
            at: None,
            draft: written.into(),
        });
    }

    /// Seeks something else; the newest question with it, if there is one.
    pub(super) fn seek_for(&mut self, change: impl FnOnce(&mut String)) -> Option<String> {
        let search = self.search.as_mut()?;
        change(&mut search.query);
        self.find(self.sent.len())
    }

    /// The next older question with what is sought.
    pub(super) fn seek_on(&mut self) -> Option<String> {
        let before = self.search.as_ref()?.at.unwrap_or(self.sent.len());
        self.find(before)
    }

    fn find(&mut self, before: usize) -> Option<String> {
        let search = self.search.as_mut()?;
        let query = search.query.to_lowercase();
        let fits = |text: &String| !query.is_empty() && text.to_lowercase().contains(&query);
        let found = self.sent[..before.min(self.sent.len())]
            .iter()
            .rposition(fits);
        // Beyond the oldest one the last one found stays.
        if found.is_some() || before == self.sent.len() {
            search.at = found;
        }
        found.map(|at| self.sent[at].clone())
    }

    /// Ends the search; what was written before it.
    pub(super) fn end_search(&mut self) -> Option<String> {
        self.search.take().map(|search| search.draft)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_sought_from_the_newest_on() {
        let mut history = History::new(
            ["Straße eins", "zwei", "STRASSE", "straße drei"]
                .map(String::from)
                .to_vec(),
        );
        history.seek("draft");
        assert_eq!(history.sought(), Some(("", true)));
        assert_eq!(
            history.seek_for(|q| q.push_str("straß")),
            Some("straße drei".into())
        );
        assert_eq!(history.seek_on(), Some("Straße eins".into()));
        assert_eq!(history.seek_on(), None);
        assert_eq!(
            history.sought(),
            Some(("straß", true)),
            "the last one stays"
        );
        assert_eq!(history.seek_for(|q| q.push('x')), None);
        assert_eq!(history.sought(), Some(("straßx", false)));
        assert_eq!(history.end_search(), Some("draft".into()));
        assert_eq!(history.sought(), None);
    }

    #[test]
    fn the_oldest_questions_go() {
        let mut history = History::new((0..MAX + 5).map(|n| n.to_string()).collect());
        for _ in 0..2 * MAX {
            history.recall(-1, "");
        }
        assert_eq!(history.recall(0, ""), "5");
    }
}
