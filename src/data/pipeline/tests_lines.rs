//! Boilerplate in the whole walk: what goes, what follows it, and that nothing else decides.

use std::path::Path;

use serde_json::json;

use super::tests::{prepared, records};
use super::{Plan, Step};
use crate::disk;

const FOOTER: &str = "Alle Rechte vorbehalten, Verlag am Markt 2024";

/// Thirty pages of a site with its footer, one that is nothing else, and a stranger that quotes it.
fn input(folder: &Path) -> Plan {
    let mut lines = String::new();
    let mut add = |id: &str, host: &str, text: &str| {
        let n = text.chars().count();
        let line = json!({"id": id, "lang": "de", "u": format!("http://{host}/{id}"), "text": text,
            "pii": [[0, 3], [6, 10], [n - 4, n]], "pii_kinds": ["phone", "email", "plate"],
            "seg_langs": vec!["deu_Latn"; text.split('\n').count()]});
        lines.push_str(&format!("{line}\n"));
    };
    for i in 0..30 {
        let word = "wort".repeat(i + 1);
        let text = format!("Kopf\n{FOOTER}\nSatz mit {word} und {i} 12 34 56 78 90");
        add(&format!("seite{i}"), "a.eu", &text);
    }
    add("nur-fuss", "www.a.eu", FOOTER);
    add("fremd", "b.eu", &format!("Jemand schreibt:\n{FOOTER}"));
    disk::replace_bytes(&folder.join("in.jsonl"), lines.as_bytes()).unwrap();
    Plan {
        inputs: vec![folder.join("in.jsonl")],
        output: folder.join("data"),
        steps: vec![Step::Dedup],
        dedup_lines: 10,
        dedup_fuzzy: false,
        heldout_share: 0.0,
        ..Plan::default()
    }
}

#[test]
fn what_a_site_repeats_goes_from_its_pages_and_from_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let plan = input(folder.path());
    let report = prepared(&plan);
    let kept = records(&[plan.output.join("unique/deu_Latn.jsonl.zst")]);
    assert_eq!((report.n_seen, report.n_kept, kept.len()), (32, 31, 31));
    let page = kept.iter().find(|r| r.id == "seite3").unwrap();
    assert_eq!(
        page.text,
        "Kopf\nSatz mit wortwortwortwort und 3 12 34 56 78 90"
    );
    let n = page.text.chars().count();
    assert_eq!(page.fields["pii"], json!([[0, 3], [n - 4, n]]));
    assert_eq!(page.fields["pii_kinds"], json!(["phone", "plate"]));
    assert_eq!(page.fields["seg_langs"], json!(["deu_Latn", "deu_Latn"]));
    assert_eq!(page.fields["boilerplate_lines"], 1);
    let stranger = kept.iter().find(|r| r.id == "fremd").unwrap();
    assert!(stranger.text.ends_with(FOOTER) && !stranger.fields.contains_key("boilerplate_lines"));

    assert_eq!(report.dropped["boilerplate"], 1);
    let gone = records(&[plan.output.join("dropped/boilerplate/deu_Latn.jsonl.zst")]);
    assert_eq!(
        (gone[0].id.as_str(), gone[0].text.as_str()),
        ("nur-fuss", FOOTER)
    );
    assert_eq!(gone[0].fields["verdict"]["stage"], "dedup_lines");
    let told = report.boilerplate_lines.unwrap();
    assert_eq!((told.n_of_sites, told.n_of_corpus), (1, 0));
    // One page keeps it.
    assert_eq!((told.n_records, told.n_lines), (30, 30));
    assert_eq!(told.n_bytes, 30 * FOOTER.len() as u64);
    assert_eq!(
        (told.examples[0].text.as_str(), told.examples[0].n_records),
        (FOOTER, 32)
    );
}

#[test]
fn neither_units_nor_threads_nor_a_stop_change_what_goes() {
    let folder = tempfile::tempdir().unwrap();
    let plan = input(folder.path());
    let whole = prepared(&plan);
    let bytes = |folder: &Path| {
        let name = |part: &str| disk::read(&folder.join(part)).unwrap();
        let report = String::from_utf8(name("report.json")).unwrap();
        (name("unique/deu_Latn.jsonl.zst"), report)
    };
    let cut = Plan {
        output: folder.path().join("cut"),
        unit_bytes: super::Bytes(4 << 10),
        threads: 2,
        ..plan.clone()
    };
    assert_eq!(prepared(&cut).boilerplate_lines, whole.boilerplate_lines);
    assert_eq!(bytes(&plan.output), bytes(&cut.output));

    // A walk that was stopped when some units were written anew: those are taken as they are.
    let again = Plan {
        output: folder.path().join("again"),
        ..cut.clone()
    };
    let work = super::work::Work::open(&again, &super::units::units(&again).unwrap()).unwrap();
    let first = crate::event::Control::default();
    let langs = again.check().unwrap();
    let tools = super::tools::Tools::open(&again, &langs, &[]).unwrap();
    let progress = super::progress::Progress {
        control: &first,
        sink: &crate::event::Silent,
    };
    let units = super::units::units(&again).unwrap();
    assert!(units.len() > 1);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    super::map::run(&units, None, &work, &tools, &pool, &progress).unwrap();
    let (finished, _) = super::map::gather(&work, units.len()).unwrap();
    super::lines::strip(&finished, &tools, &work, &first).unwrap();
    let made = work.temporary("lines").join("units").join("00000001");
    disk::remove_folder(&made).unwrap();
    prepared(&again);
    assert_eq!(bytes(&plan.output), bytes(&again.output));
}

#[test]
fn of_copies_of_a_page_one_stays_whole() {
    let folder = tempfile::tempdir().unwrap();
    let text = "Der erste Satz hat viele Worte.\nDer zweite Satz hat auch viele Worte.";
    let lines: Vec<String> = (0..20)
        .map(|i| {
            // Ten are equal, ten differ in a word.
            let text = match i < 10 {
                true => text.to_string(),
                false => format!("{text}\nNummer {}", "x".repeat(i)),
            };
            json!({"id": i.to_string(), "lang": "de", "u": format!("http://a.eu/{i}"), "text": text})
                .to_string()
        })
        .collect();
    let path = folder.path().join("copies.jsonl");
    disk::replace_bytes(&path, lines.join("\n").as_bytes()).unwrap();
    let plan = Plan {
        inputs: vec![path],
        ..input(folder.path())
    };
    prepared(&plan);
    let kept = records(&[plan.output.join("unique/deu_Latn.jsonl.zst")]);
    let whole = kept.iter().filter(|record| record.text.starts_with(text));
    assert_eq!(whole.count(), 1);
}

#[test]
fn what_is_scored_on_is_known_without_its_boilerplate() {
    let folder = tempfile::tempdir().unwrap();
    let plan = input(folder.path());
    prepared(&plan);
    let kept = records(&[plan.output.join("unique/deu_Latn.jsonl.zst")]);
    let bare = kept.iter().find(|record| record.id == "seite3").unwrap();
    let heldout = folder.path().join("heldout.jsonl");
    let line = json!({"id": "h", "lang": "de", "text": bare.text});
    disk::replace_bytes(&heldout, line.to_string().as_bytes()).unwrap();
    let report = prepared(&Plan {
        heldout: vec![heldout],
        output: folder.path().join("again"),
        ..plan
    });
    assert_eq!(report.dropped["in_heldout"], 1);
    let of_lines = report.stages.iter().find(|row| row.stage == "dedup_lines");
    assert_eq!(of_lines.unwrap().dropped["in_heldout"], 1);
}
