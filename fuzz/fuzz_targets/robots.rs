//! robots.txt and ai.txt.
#![no_main]

use europium::data::optout::{AGENTS, AiTxt, Robots, RuleVerdict};
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 7] = [
    "/",
    "/a/b.html?c=d",
    "/robots.txt",
    "/%C3%A9/%zz",
    "/é*$",
    "",
    "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
];

fuzz_target!(|bytes: &[u8]| {
    let robots = Robots::parse(bytes);
    let ai = AiTxt::parse(bytes);
    let n_lines = 1 + bytes.iter().filter(|b| matches!(b, b'\n' | b'\r')).count();
    let holds = |verdict: &RuleVerdict| {
        assert!(verdict.line as usize <= n_lines, "{verdict:?}");
        assert!(verdict.text.chars().count() <= 200);
        assert_eq!(verdict.line == 0, verdict.text.is_empty(), "{verdict:?}");
        assert!(verdict.allowed || verdict.line > 0, "forbidden by nothing");
    };
    // The first line of the file as a path, too: it is most likely to match.
    let own = String::from_utf8_lossy(bytes.get(..40).unwrap_or(bytes));
    let own = own.split_once(':').map_or("/x", |(_, path)| path);
    let named = AGENTS.first().map_or("GPTBot", |agent| agent.name);
    for agent in ["*", named, "eubot", "", "a/1.0 b"] {
        let own_group = robots.has_group(agent);
        for path in PATHS.into_iter().chain([own]) {
            let verdict = robots.verdict(agent, path);
            holds(&verdict);
            holds(&ai.verdict(agent, path));
            if let Some(said) = robots.preference(agent, path) {
                holds(&said);
            }
            if !own_group {
                assert_eq!(verdict, robots.verdict("*", path), "{agent} has no group");
            }
        }
        assert!(robots.verdict(agent, "/robots.txt").allowed);
    }
});
