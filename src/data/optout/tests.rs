//! The files of hosts, the store and the judgement, by the words of their specifications.

use super::store::Found;
use super::*;

fn agents() -> Vec<String> {
    agents_for("train")
}

fn allowed(robots: &str, agent: &str, path: &str) -> bool {
    Robots::parse(robots.as_bytes())
        .verdict(agent, path)
        .allowed
}

#[test]
fn the_examples_of_rfc_9309_are_judged_as_it_says() {
    let example = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
        User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n\
        User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\n\
        User-Agent: quxbot\n";
    for (agent, path, expected) in [
        ("otherbot", "/example/x", false),
        ("otherbot", "/publications/a", true),
        ("otherbot", "/publications/a.gif", true),
        ("otherbot", "/a.gif", false),
        ("otherbot", "/a.gif?x", true),
        ("foobot", "/x", false),
        ("FooBot", "/example/page.html", true),
        ("foobot", "/example/allowed.gif", true),
        ("foobot", "/example/", false),
        ("barbot", "/example/page.html", false),
        ("bazbot", "/example/page.html", false),
        ("bazbot", "/example/page.htm", true),
        ("quxbot", "/example/x", true),
        ("quxbot", "/robots.txt", true),
    ] {
        assert_eq!(allowed(example, agent, path), expected, "{agent} {path}");
    }
    let longest =
        "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif";
    assert!(!allowed(longest, "foobot", "/example/page/disallowed.gif"));
    assert!(allowed(longest, "foobot", "/example/page/x"));
}

#[test]
fn groups_merge_and_the_star_is_for_those_not_named() {
    let robots =
        "User-agent: a\nDisallow: /c\nUser-agent: *\nDisallow: /e\nUser-agent: a\nDisallow: /f";
    for (agent, path, expected) in [
        ("a", "/c", false),
        ("a", "/f", false),
        ("a", "/e", true),
        ("b", "/e", false),
        ("b", "/c", true),
        ("*", "/e", false),
    ] {
        assert_eq!(allowed(robots, agent, path), expected, "{agent} {path}");
    }
    // An empty Disallow forbids nothing; of two equal patterns the one that allows wins.
    assert!(allowed("user-agent: a\ndisallow:", "a", "/"));
    assert!(allowed("user-agent: a\ndisallow: /x\nallow: /x", "a", "/x"));
    assert!(allowed(
        "disallow: /\nuser-agent: a\ndisallow: /x",
        "a",
        "/"
    ));
    assert!(allowed("", "a", "/"));
    // Other lines do not part agents from their rules.
    let other = "user-agent: a\nsitemap: x\ncrawl-delay: 3\n\nuser-agent: b\ndisallow: /";
    assert!(!allowed(other, "a", "/") && !allowed(other, "b", "/"));
}

#[test]
fn lines_are_read_however_they_end_and_are_written() {
    for robots in [
        "\u{feff}User-agent: a\r\nDisallow: /p\r\n",
        "User-agent:a\rDisallow:/p\r",
        " USER-AGENT : a # x\n\tdisallow :\t/p # y",
        "User-agent a\nDisallow /p",
        "useragent: a\ndissallow: /p",
        "user-agent: a/2.1 (x)\ndisallow: p",
        "user-agent: a\n\u{0}\n\n\ndisallow: https://example.com/p",
    ] {
        assert!(!allowed(robots, "a", "/p"), "{robots:?}");
        assert!(allowed(robots, "a", "/q"), "{robots:?}");
        assert!(allowed(robots, "ab", "/p"), "{robots:?}");
    }
    let text = "User-agent: a\nDisallow: /p";
    for units in [0xfeffu16].map(|bom| [bom].into_iter().chain(text.encode_utf16())) {
        let little: Vec<u8> = units.clone().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units.flat_map(u16::to_be_bytes).collect();
        for bytes in [little, big] {
            assert!(!Robots::parse(&bytes).verdict("a", "/p").allowed);
        }
    }
    let verdict =
        Robots::parse(b"\r\n\r\nuser-agent: *\r\n# c\r\nDisallow: /p # why").verdict("a", "/p");
    assert_eq!((verdict.line, verdict.text.as_str()), (5, "Disallow: /p"));
}

#[test]
fn names_of_agents_may_have_digits_and_spaces() {
    for (line, agent, expected) in [
        ("AI2Bot", "AI2Bot", true),
        ("ai2bot/1.0", "AI2Bot", true),
        ("Kangaroo Bot", "Kangaroo Bot", true),
        ("Googlebot-News", "Googlebot", false),
        ("GPTBot*", "GPTBot", true),
        ("GPTBot2", "GPTBot", true),
        ("MyGPTBot", "GPTBot", false),
        ("", "", false),
    ] {
        let robots = Robots::parse(format!("user-agent: {line}\ndisallow: /").as_bytes());
        assert_eq!(robots.has_group(agent), expected, "{line}");
    }
}

#[test]
fn a_file_longer_than_the_cap_is_read_to_the_cap() {
    let mut robots = String::from("user-agent: *\ndisallow: /early\n");
    robots.push_str(&"#".repeat(500 << 10));
    robots.push_str("\ndisallow: /late\n");
    assert!(!allowed(&robots, "a", "/early"));
    assert!(allowed(&robots, "a", "/late"));
}

#[test]
fn preferences_belong_to_paths_and_agents() {
    // draft-ietf-aipref-attach-05, section 4.3
    let robots = Robots::parse(
        b"User-Agent: *\nAllow: /\nDisallow: /never/\nContent-Usage: train-ai=n\n\
          Content-Usage: /ai-ok/ train-ai=y\n\nUser-Agent: ExampleBot\nAllow: /\n\
          Content-Usage: train-ai=y\n",
    );
    let prefers = |agent, path| robots.preference(agent, path).map(|v| v.allowed);
    assert_eq!(prefers("OtherBot", "/test"), Some(false));
    assert_eq!(prefers("OtherBot", "/ai-ok/test"), Some(true));
    assert_eq!(prefers("ExampleBot", "/test"), Some(true));
    assert!(!robots.verdict("OtherBot", "/never/test").allowed);
    let signal = Robots::parse(b"Content-Signal: search=yes, ai-train=no\nUser-agent: *\nAllow: /");
    assert_eq!(signal.preference("a", "/x").map(|v| v.line), Some(1));
    assert_eq!(
        Robots::parse(b"user-agent: *\ncontent-signal: search=no").preference("a", "/"),
        None
    );
}

#[test]
fn the_first_rule_of_tdmrep_that_matches_counts() {
    let rules = TdmRules::parse(
        br#"[{"location": "/directory-a/", "tdm-reservation": 1},
             {"location": "/directory-b/html/", "tdm-reservation": 1,
              "tdm-policy": "https://provider.example/policy.json"},
             {"location": "/directory-b/images/*.jpg", "tdm-reservation": 0},
             {"location": "/directory-b/", "tdm-reservation": "1"},
             {"location": "/broken"}, {"location": "/foo-%24", "tdm-reservation": 1.0}]"#,
    );
    assert!(rules.damaged.is_some());
    for (path, expected) in [
        ("/directory-a/x.pdf", Some((true, 1))),
        ("/Directory-a/x.pdf", None),
        ("/directory-b/html/a", Some((true, 2))),
        ("/directory-b/images/x.jpg", Some((false, 3))),
        ("/directory-b/images/x.png", Some((true, 4))),
        ("/broken", None),
        ("/foo-$", Some((true, 6))),
        ("/", None),
    ] {
        let found = rules.reservation(path).map(|r| (r.reserved, r.rule));
        assert_eq!(found, expected, "{path}");
    }
    for bytes in [
        "",
        "{",
        "1",
        "[1]",
        &"[".repeat(1_000_000),
        &" ".repeat(2 << 20),
    ] {
        assert!(TdmRules::parse(bytes.as_bytes()).damaged.is_some());
    }
    assert!(TdmRules::parse(b"[]").damaged.is_none());
}

#[test]
fn ai_txt_speaks_of_kinds_of_media() {
    let text_off = "User-Agent: *\nAllow: /\nDisallow: *.txt\nDisallow: *.pdf\nAllow: *.jpg\n";
    let text_on = "User-Agent: *\nDisallow: /\nAllow: *.txt\nDisallow: *.jpg\n";
    let images_off = "User-Agent: *\nDisallow: *.jpg\nDisallow: *.png\n";
    for (file, path, expected) in [
        (text_off, "/", false),
        (text_off, "/article", false),
        (text_off, "/article.html?x=1", false),
        (text_off, "/a.pdf", false),
        (text_off, "/a.jpg", true),
        (text_on, "/article", true),
        (text_on, "/a.jpg", false),
        (text_on, "/a.doc", false),
        (images_off, "/article", true),
        ("# ai.txt\n\nA markdown file: about us.", "/", true),
    ] {
        let verdict = AiTxt::parse(file.as_bytes()).verdict("*", path);
        assert_eq!(verdict.allowed, expected, "{file} {path}");
    }
}

fn fetched<'a>(url: &'a str, date: &'a str, status: u16, body: &'a str) -> Fetched<'a> {
    Fetched {
        url,
        status,
        location: (300..400).contains(&status).then_some(body),
        body: body.as_bytes(),
        date: Some(date),
    }
}

fn robots_of(store: &Store, url: &str, date: &str) -> Option<(bool, u64)> {
    let found: Found<'_> = store.find(Kind::Robots, &Url::parse(url)?, date_number(date))?;
    let allowed = match (found.unreachable, found.file) {
        (Some(_), _) => false,
        (None, Some(super::store::File::Robots(robots))) => robots.verdict("*", "/x").allowed,
        _ => true,
    };
    Some((allowed, found.date / 10_000_000_000))
}

#[test]
fn the_file_seen_last_before_a_page_counts_else_the_next() {
    let off = "user-agent: *\ndisallow: /";
    let files = [
        fetched("https://a.example/robots.txt", "20200101", 200, ""),
        fetched(
            "https://a.example/robots.txt",
            "2022-01-01T00:00:00Z",
            200,
            off,
        ),
        fetched("https://a.example/robots.txt", "2023", 404, "gone"),
        fetched("https://a.example/robots.txt", "2024", 503, ""),
        fetched(
            "http://b.example/robots.txt",
            "2021",
            301,
            "https://www.b.example/robots.txt",
        ),
        fetched("https://www.b.example/robots.txt", "2022", 200, off),
        fetched("http://c.example/robots.txt", "2022", 302, "/login"),
        fetched(
            "http://d.example/robots.txt",
            "2022",
            301,
            "http://d.example/robots.txt",
        ),
        fetched("http://a.example/index.html", "2022", 200, off),
    ];
    // Any order of adding gives the same answers.
    for start in 0..files.len() {
        let mut store = Store::new(agents(), 1 << 20);
        for i in 0..files.len() {
            store.add(files[(start + i) % files.len()]).unwrap();
        }
        assert_eq!(store.n_hosts(), 5);
        for (url, date, expected) in [
            ("https://a.example/", "2019", Some((true, 2020))),
            ("https://a.example/", "2021", Some((true, 2020))),
            ("https://a.example/", "20220101000000", Some((false, 2022))),
            ("https://a.example/", "2023-06", Some((true, 2023))),
            ("https://a.example/", "2025", Some((false, 2024))),
            ("http://a.example/", "2022-06", Some((false, 2022))),
            ("https://a.example:8443/", "2022-06", None),
            ("http://b.example/", "2024", Some((false, 2021))),
            ("http://c.example/", "2024", Some((true, 2022))),
            ("http://d.example/", "2024", None),
            ("http://e.example/", "2024", None),
        ] {
            assert_eq!(robots_of(&store, url, date), expected, "{url} {date}");
        }
    }
}

#[test]
fn a_list_of_files_is_read_and_a_full_store_says_so() {
    let mut store = Store::new(agents(), 1 << 20);
    let line = r#"{"host": "a.example", "robots": "user-agent: CCBot\ndisallow: /", "ts": 2021}"#;
    store.add_line(line).unwrap();
    store
        .add_line(r#"{"host":"https://b.example","robots":null,"status":503}"#)
        .unwrap();
    store
        .add_line(r#"{"url":"c.example","tdmrep":[{"location":"/","tdm-reservation":1}]}"#)
        .unwrap();
    for line in [
        "",
        "[]",
        "{}",
        r#"{"host":"a.example"}"#,
        r#"{"host":"","robots":""}"#,
    ] {
        assert!(
            matches!(store.add_line(line), Err(StoreError::Line(_))),
            "{line}"
        );
    }
    assert_eq!(
        robots_of(&store, "https://b.example/", "2024"),
        Some((false, 0))
    );
    let mut small = Store::new(agents(), 1000);
    let all = (0..100).map(|i| {
        let url = format!("http://{i}.example/robots.txt");
        small.add(fetched(&url, "2024", 200, "user-agent: *\ndisallow: /"))
    });
    assert!(all.filter(Result::is_err).count() > 50);
}

fn rules(checks: &[Check]) -> Rules {
    Rules {
        checks: checks.into(),
        ..Rules::default()
    }
}

#[test]
fn every_check_gives_its_evidence_and_is_counted() {
    let mut store = Store::new(agents(), 1 << 20);
    let robots = "user-agent: gptbot\ndisallow: /private\n\nuser-agent: *\nallow: /\n\
        content-signal: ai-train=no";
    let tdm = r#"[{"location":"/","tdm-reservation":1,"tdm-policy":"https://a.example/p"}]"#;
    store
        .add(fetched("https://a.example/robots.txt", "2024", 200, robots))
        .unwrap();
    store
        .add(fetched(
            "https://a.example/.well-known/tdmrep.json",
            "2024",
            200,
            tdm,
        ))
        .unwrap();
    store
        .add(fetched(
            "https://a.example/ai.txt",
            "2024",
            200,
            "user-agent: *\ndisallow: *.html",
        ))
        .unwrap();
    let mut rules = rules(&Check::ALL);
    rules.store = Some(store);
    rules.licences = LicenceRules::parse("deny *-NC*").unwrap();
    rules.blocked.add("adult", b"a.example/private");
    rules.blocked.finish();
    let mut signals = PageSignals::default();
    signals.header("X-Robots-Tag", "noai", &agents());
    let mut tally = Tally::default();
    let licences = ["https://creativecommons.org/licenses/by-nc/4.0/".to_string()];
    let page = Page {
        url: "https://a.example/private/1",
        date: Some("2025"),
        signals: Some(&signals),
        licences: &licences,
        spoke_of_mining: false,
    };
    let judgement = rules.judge(&page, &mut tally);
    let said: Vec<(&str, &str)> = judgement
        .decisions
        .iter()
        .map(|d| (d.reason, d.evidence.as_str()))
        .collect();
    let at = "of 20240000000000 at a.example";
    assert_eq!(
        said,
        [
            (
                "robots",
                &*format!("robots.txt {at}, line 2 for GPTBot: disallow: /private")
            ),
            (
                "train_preference",
                &*format!("robots.txt {at}, line 6 for *: content-signal: ai-train=no")
            ),
            (
                "tdm_reserved",
                &*format!("tdmrep.json {at}, rule 1: / is 1, policy https://a.example/p")
            ),
            ("noai", "X-Robots-Tag: noai"),
            (
                "ai_txt",
                &*format!("ai.txt {at}, line 2 for *: disallow: *.html")
            ),
            (
                "licence",
                "list line 1: CC-BY-NC-4.0, from https://creativecommons.org/licenses/by-nc/4.0/"
            ),
            ("blocked_url", "adult: a.example/private"),
        ]
    );
    assert!(judgement.decisions.iter().all(|d| !d.allowed));
    // A page that takes back its host's reservation, and one of a host nobody asked.
    let mut signals = PageSignals::default();
    signals.meta("tdm-reservation", "0", &agents());
    let page = Page {
        url: "https://a.example/public",
        signals: Some(&signals),
        ..page
    };
    let tdm: Vec<bool> = rules
        .judge(&page, &mut tally)
        .decisions
        .iter()
        .filter(|d| d.check == Check::Tdm)
        .map(|d| d.allowed)
        .collect();
    assert_eq!(tdm, [true]);
    let other = Page {
        url: "mailto:x",
        licences: &[],
        spoke_of_mining: false,
        signals: None,
        ..page
    };
    assert!(rules.judge(&other, &mut tally).allowed());
    let mut store = Store::new(agents(), 1 << 20);
    store
        .add(fetched("https://a.example/robots.txt", "2024", 503, ""))
        .unwrap();
    store
        .add(fetched("https://b.example/robots.txt", "2024", 404, ""))
        .unwrap();
    let of_hosts = Rules {
        checks: vec![Check::Robots],
        store: Some(store),
        ..Rules::default()
    };
    for (url, allowed, reason) in [
        ("https://a.example/", false, "robots_unreachable"),
        ("http://b.example/", true, "robots_absent"),
    ] {
        let made = of_hosts.judge(
            &Page {
                url,
                ..Page::default()
            },
            &mut Tally::default(),
        );
        let said: Vec<_> = made
            .decisions
            .iter()
            .map(|d| (d.allowed, d.reason))
            .collect();
        assert_eq!(said, [(allowed, reason)], "{url}");
    }
    let count = tally.checks["tdm"];
    assert_eq!(
        (count.asked, count.silent, count.allowed, count.denied),
        (3, 1, 1, 1)
    );
    assert_eq!(
        (tally.n_pages, tally.n_denied, tally.reasons["robots"]),
        (3, 2, 1)
    );
    let mut sum = Tally::default();
    sum.add(&tally);
    sum.add(&tally);
    assert_eq!((sum.n_pages, sum.reasons["noai"]), (6, 2));
    for count in tally.checks.values() {
        assert_eq!(count.asked, count.silent + count.allowed + count.denied);
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_a_file_of_each_kind(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), path in ".{0,40}",
    ) {
        let text = [b"user-agent: *\ndisallow: ", &bytes[..]].concat();
        let _ = Robots::parse(&bytes).verdict("a", &path);
        let _ = Robots::parse(&text).verdict("a", &path);
        let _ = AiTxt::parse(&text).verdict("a", &path);
        let _ = TdmRules::parse(&bytes).reservation(&path);
        let _ = Url::parse(&path);
        let _ = Licence::find(&path);
        let _ = training_preference(&path);
    }

    #[test]
    fn forgetting_other_agents_changes_no_verdict(
        lines in proptest::collection::vec("(user-agent: [abc*]|(dis)?allow: /[xy*$]{0,3})", 0..12),
        path in "/[xy]{0,4}",
    ) {
        let whole = Robots::parse(lines.join("\n").as_bytes());
        let mut kept = whole.clone();
        kept.keep_only(&["a".to_string()]);
        for agent in ["a", "*"] {
            proptest::prop_assert_eq!(whole.verdict(agent, &path), kept.verdict(agent, &path));
        }
    }
}
