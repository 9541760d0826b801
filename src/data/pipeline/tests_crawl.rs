//! A crawl through the walk: pages, what they say of themselves, and what their sites say.

use super::tests::{prepared, records};
use super::{Plan, Step, run};
use crate::data::corpus;
use crate::disk;
use crate::event::{Control, Event};

#[test]
fn pages_are_extracted_asked_and_masked_on_their_way() {
    let folder = tempfile::tempdir().unwrap();
    let text: Vec<String> = corpus::records()
        .filter(|r| r.code() == "fin_Latn")
        .map(|r| format!("<p>{}</p>", r.text.replace('\n', "</p><p>")))
        .collect();
    let page = |extra: &str, body: &str| {
        format!(
            "<html lang=fi><head><title>Otsikko</title>{extra}</head><body><nav>Etusivu \
            Haku</nav><article>{body}<p>Kysymyksiin tästä julistuksesta ja \
            sen käännöksistä vastaa toimitus osoitteessa anna@example.org, kun aika riittää.</p></article></body></html>"
        )
    };
    let noai = "<meta name=robots content=noai>";
    for (name, html) in [
        ("a.html", page("", &text[..12].concat())),
        ("b.html", page(noai, &text[12..].concat())),
        ("c.html", "<html><body></body></html>".to_string()),
    ] {
        disk::replace_bytes(&folder.path().join("in").join(name), html.as_bytes()).unwrap();
    }
    let plan = Plan {
        inputs: vec![folder.path().join("in")],
        output: folder.path().join("data"),
        steps: vec![Step::Extract, Step::Lawful, Step::Identify, Step::Redact],
        heldout_share: 0.0,
        ..Plan::default()
    };
    let report = prepared(&plan);
    let kept = records(&[plan.output.join("unique/fin_Latn.jsonl.zst")]);
    assert_eq!((report.n_seen, kept.len()), (3, 1));
    assert_eq!(report.dropped["no_text"], 1);
    assert_eq!(kept[0].fields["title"], "Otsikko");
    assert!(kept[0].text.contains("<EMAIL>") && !kept[0].text.contains("anna@"));
    assert_eq!(kept[0].fields["pii_kinds"], serde_json::json!(["email"]));
    assert_eq!(report.found["personal data"]["email"], 1);
    let denied = report.stages.iter().find(|s| s.stage == "lawful").unwrap();
    assert_eq!(denied.dropped.values().sum::<u64>(), 1, "{denied:?}");
}

/// A response of a crawl.
fn response(url: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n");
    let warc = format!(
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\n\
        WARC-Date: 2025-01-02T03:04:05Z\r\nWARC-Record-ID: <urn:uuid:1>\r\n\
        Content-Type: application/http\r\nContent-Length: {}\r\n\r\n{head}",
        head.len() + body.len()
    );
    [warc.as_bytes(), body, b"\r\n\r\n"].concat()
}

/// A page of eight articles, from one on.
fn danish(head: &str, from: usize) -> String {
    let own = corpus::records()
        .filter(|r| r.code() == "dan_Latn")
        .skip(from)
        .take(8);
    let text: String = own.map(|r| format!("<p>{}</p>", r.text)).collect();
    format!("<html><head>{head}</head><body><article>{text}</article></body></html>")
}

#[test]
fn what_a_site_says_in_the_crawl_counts_for_pages_read_before() {
    let folder = tempfile::tempdir().unwrap();
    let record = |url: &str, kind: &str, body: &str| response(url, kind, body.as_bytes());
    let body = |from: usize| danish("", from);
    let crawl = [
        record("http://a.dk/open", "text/html", &body(0)),
        record("http://a.dk/closed/x", "text/html", &body(8)),
        record(
            "http://a.dk/robots.txt",
            "text/plain",
            "User-agent: *\nDisallow: /closed/\n",
        ),
        record("http://b.dk/", "text/html", &body(16)),
        record("http://b.dk/x.pdf", "application/pdf", "%PDF"),
    ]
    .concat();
    disk::replace_bytes(&folder.path().join("a.warc"), &crawl).unwrap();
    let plan = Plan {
        inputs: vec![folder.path().join("a.warc")],
        output: folder.path().join("data"),
        steps: Step::ALL[..7].to_vec(),
        filter: false,
        heldout_share: 0.0,
        ..Plan::default()
    };
    let report = prepared(&plan);
    assert_eq!(
        (report.n_seen, report.n_kept),
        (5, 2),
        "{:?}",
        report.dropped
    );
    let sites = report.stages.iter().find(|s| s.stage == "sites").unwrap();
    assert_eq!(sites.dropped.values().sum::<u64>(), 1, "{sites:?}");
    let reason = sites.dropped.keys().next().unwrap();
    let denied = records(&[plan
        .output
        .join(format!("dropped/{reason}/dan_Latn.jsonl.zst"))]);
    assert_eq!(denied[0].fields["u"], "http://a.dk/closed/x");
    let evidence = denied[0].fields["verdict"]["evidence"].as_str().unwrap();
    assert!(evidence.contains("/closed/"), "{evidence}");
    assert_eq!(report.dropped["no_html"], 1);
}

#[test]
fn sites_of_a_crawl_are_asked_as_the_plan_says_and_pages_before_them() {
    let folder = tempfile::tempdir().unwrap();
    // As some editors save it: UTF-16 with a byte order mark.
    let robots = "\u{feff}User-agent: *\nDisallow: /closed/\n";
    let robots: Vec<u8> = robots.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let reserved = br#"[{"location": "/", "tdm-reservation": 1}]"#;
    let open = "<meta name=tdm-reservation content=0>";
    let page = |url: &str, body: String| response(url, "text/html", body.as_bytes());
    let site = |url: &str, body: &[u8]| response(url, "text/plain", body);
    let crawl = [
        page("http://a.dk/closed/x", danish("", 0)),
        site("http://a.dk/robots.txt", &robots),
        page("http://b.dk/own-word", danish(open, 8)),
        page("http://b.dk/no-word", danish("", 16)),
        site("http://b.dk/.well-known/tdmrep.json", reserved),
    ]
    .concat();
    disk::replace_bytes(&folder.path().join("a.warc"), &crawl).unwrap();
    let plan = Plan {
        inputs: vec![folder.path().join("a.warc")],
        output: folder.path().join("data"),
        steps: Step::ALL[..7].to_vec(),
        filter: false,
        heldout_share: 0.0,
        ..Plan::default()
    };
    let kept = |plan: &Plan| {
        let mut urls: Vec<String> = records(&[plan.output.join("unique/dan_Latn.jsonl.zst")])
            .iter()
            .map(|record| record.url().unwrap().to_string())
            .collect();
        urls.sort();
        urls
    };
    let report = prepared(&plan);
    assert_eq!(
        kept(&plan),
        ["http://b.dk/own-word"],
        "{:?}",
        report.dropped
    );
    let asked = &report.found["opt-outs asked"];
    assert_eq!((asked["robots: denied"], asked["tdm: denied"]), (1, 1));
    assert_eq!(asked["tdm: allowed"], 1, "the page's own word alone");
    let fewer = Plan {
        checks: vec!["tdm".into(), "noai".into()],
        output: folder.path().join("fewer"),
        ..plan.clone()
    };
    prepared(&fewer);
    assert_eq!(
        kept(&fewer),
        ["http://a.dk/closed/x", "http://b.dk/own-word"]
    );

    // What was asked once is not asked again: the note and the files beside it are taken.
    let again = Plan {
        output: folder.path().join("again"),
        ..plan
    };
    let control = Control::default();
    let sink = |event: Event| {
        if matches!(event, Event::StageDone { stage, .. } if stage == "sites") {
            control.request_stop();
        }
    };
    run(&again, &control, &sink).err().unwrap();
    let work = folder.path().join("again.work");
    for unit in disk::walk(&work.join("units")).unwrap() {
        if unit.ends_with("sites.jsonl.zst") {
            std::fs::remove_file(unit).unwrap();
        }
    }
    for piece in ["fates", "gathered", "dropped", "unique-dan_Latn"] {
        std::fs::remove_file(work.join(format!("done/{piece}.json"))).unwrap();
    }
    assert_eq!(prepared(&again).dropped, report.dropped);
    assert_eq!(kept(&again), ["http://b.dk/own-word"]);
}
