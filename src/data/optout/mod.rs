//! What the people behind a page allow: robots.txt, TDMRep, page signals, ai.txt, licences and
//! block lists -> decisions with their evidence.
//!
//! Reservations against text and data mining under Article 4(3) of Directive (EU) 2019/790 are
//! made in several ways, none of which excludes another; each is a check of its own, every check
//! keeps what it read and where, and [`Rules::judge`] asks all of them. A crawl's own records
//! fill the [`Store`], so the decision can be made long after the crawl, offline.

mod agents;
mod ai_txt;
mod blocklist;
mod judge;
mod licence;
mod page;
mod pattern;
mod preference;
mod punycode;
mod robots;
mod store;
mod tdmrep;
#[cfg(test)]
mod tests;
mod url;

pub use agents::{AGENTS, Agent, Purpose, agents_for};
pub use ai_txt::AiTxt;
pub use blocklist::{BlockList, Blocked};
pub use judge::{Check, Count, Decision, Judgement, Page, Rules, Source, Tally};
pub use licence::{Licence, LicenceRules};
pub use page::{PageSignals, Signal};
pub use preference::training_preference;
pub use robots::{Robots, RuleVerdict};
pub use store::{Fetched, Kind, Store, StoreError, date_number};
pub use tdmrep::{Reservation, TdmRules};
pub use url::Url;
