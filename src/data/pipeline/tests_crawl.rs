//! A crawl through the walk: pages, what they say of themselves, and what their sites say.

use super::tests::{prepared, records};
use super::{Plan, Step};
use crate::data::corpus;
use crate::disk;

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

#[test]
fn what_a_site_says_in_the_crawl_counts_for_pages_read_before() {
    let folder = tempfile::tempdir().unwrap();
    let record = |url: &str, kind: &str, body: &str| {
        let http = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n{body}");
        format!(
            "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\n\
            WARC-Date: 2025-01-02T03:04:05Z\r\nWARC-Record-ID: <urn:uuid:1>\r\n\
            Content-Type: application/http\r\nContent-Length: {}\r\n\r\n{http}\r\n\r\n",
            http.len()
        )
    };
    let body = |from: usize| {
        let own = corpus::records()
            .filter(|r| r.code() == "dan_Latn")
            .skip(from)
            .take(8);
        let text: String = own.map(|r| format!("<p>{}</p>", r.text)).collect();
        format!("<html><body><article>{text}</article></body></html>")
    };
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
    disk::replace_bytes(&folder.path().join("a.warc"), crawl.as_bytes()).unwrap();
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
