//! `eu pull` against a hub of our own: resumed, checked, and nothing but what was asked for.

use std::path::PathBuf;

use crate::hub::{COMMIT, Hub, Remote};
use crate::program::{Place, Ran};

fn weights() -> Vec<u8> {
    (0..300_000u32)
        .flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect()
}

fn hub() -> Hub {
    let hub = Hub::start();
    hub.add("config.json", b"{\"model_type\": \"llama\"}", false)
        .add("model.safetensors", &weights(), true)
        .add("pytorch_model.bin", b"\x80\x04pickle", true)
        .add("modeling.py", b"import os", false)
        .add("sub/extra.json", b"{}", false);
    hub
}

fn pull(place: &Place, hub: &Hub, args: &[&str]) -> Ran {
    let mut all = vec!["pull", "owner/model"];
    all.extend(args);
    place.run_with(&[("HF_ENDPOINT", &hub.endpoint)], &all)
}

fn snapshot(place: &Place) -> PathBuf {
    place
        .path()
        .join("hf/hub/models--owner--model/snapshots")
        .join(COMMIT)
}

fn blobs(place: &Place) -> Vec<PathBuf> {
    let folder = place.path().join("hf/hub/models--owner--model/blobs");
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_model_is_fetched_checked_and_found_by_its_id() {
    let (place, hub) = (Place::new(), hub());
    let ran = pull(&place, &hub, &[]).code(0);
    let folder = snapshot(&place);
    let told = PathBuf::from(ran.stdout.trim_end());
    assert_eq!(told.canonicalize().unwrap(), folder.canonicalize().unwrap());
    assert_eq!(
        std::fs::read(folder.join("model.safetensors")).unwrap(),
        weights()
    );
    assert_eq!(std::fs::read(folder.join("sub/extra.json")).unwrap(), b"{}");
    ran.says("3 files").says("every hash checked");
    let inspected = place.run(&["inspect", "owner/model"]).code(0);
    assert!(
        inspected.stdout.contains("Hugging Face model"),
        "{}",
        inspected.stdout
    );
}

#[test]
fn files_that_can_carry_code_are_never_asked_for() {
    let (place, hub) = (Place::new(), hub());
    let report = pull(&place, &hub, &["--json", "-q"])
        .code(0)
        .object("pull/1");
    let passed = serde_json::json!(["modeling.py", "pytorch_model.bin"]);
    assert_eq!(report["passed_over"], passed);
    for request in hub.requests() {
        assert!(
            !request.contains("pytorch_model") && !request.contains(".py"),
            "{request}"
        );
    }
}

#[test]
fn only_what_matches_is_fetched_and_nothing_twice() {
    let (place, hub) = (Place::new(), hub());
    pull(&place, &hub, &["--include", "*.json"]).code(0);
    assert!(!snapshot(&place).join("model.safetensors").exists());
    hub.requests();
    pull(&place, &hub, &["--include", "*.json"]).code(0);
    let requests = hub.requests();
    assert_eq!(requests.len(), 1, "only the listing: {requests:?}");
}

#[test]
fn a_connection_that_is_cut_goes_on_where_it_was() {
    let (place, hub) = (Place::new(), hub());
    hub.cut(&[500_000]);
    pull(&place, &hub, &["--include", "model.safetensors"]).code(0);
    assert_eq!(
        std::fs::read(snapshot(&place).join("model.safetensors")).unwrap(),
        weights()
    );
    let requests = hub.requests();
    let resumed = requests
        .iter()
        .find(|r| r.starts_with("/store/") && r.contains("bytes="));
    let from: usize = resumed
        .unwrap()
        .split(['=', '-'])
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    assert!(from > 0 && from <= 500_000, "{requests:?}");
}

#[test]
fn a_transfer_that_was_given_up_goes_on_with_the_next_call() {
    let (place, hub) = (Place::new(), hub());
    hub.cut(&[400_000, 0, 0, 0]);
    let ran = pull(&place, &hub, &["--include", "model.safetensors"]).code(4);
    ran.says("error: model.safetensors: ")
        .says("hint: run the same command again");
    assert!(!snapshot(&place).join("model.safetensors").exists());
    let parts = blobs(&place);
    assert_eq!(parts.len(), 1, "{parts:?}");
    let have = parts[0].metadata().unwrap().len();
    assert!(have > 0);
    hub.cut(&[]);
    hub.requests();
    let report = pull(
        &place,
        &hub,
        &["--include", "model.safetensors", "--json", "-q"],
    )
    .code(0);
    let fetched = &report.object("pull/1")["files"][0]["fetched_bytes"];
    assert_eq!(fetched.as_u64().unwrap(), weights().len() as u64 - have);
    assert_eq!(
        std::fs::read(snapshot(&place).join("model.safetensors")).unwrap(),
        weights()
    );
}

#[test]
fn a_host_that_ignores_ranges_is_read_from_the_start() {
    let (place, hub) = (Place::new(), hub());
    hub.ignore_ranges();
    hub.cut(&[400_000]);
    pull(&place, &hub, &["--include", "model.safetensors"]).code(0);
    assert_eq!(
        std::fs::read(snapshot(&place).join("model.safetensors")).unwrap(),
        weights()
    );
}

#[test]
fn bytes_that_are_not_those_promised_are_thrown_away() {
    for (name, large, promise) in [
        ("model.safetensors", true, "ab".repeat(32)),
        ("config.json", false, "ab".repeat(20)),
    ] {
        let (place, hub) = (Place::new(), Hub::start());
        hub.put(
            name,
            Remote {
                bytes: b"{\"other\": 1}".to_vec(),
                large,
                promise: Some(promise),
            },
        );
        let ran = pull(&place, &hub, &["--json"]).code(3);
        assert_eq!(ran.object("error/1")["kind"], "damaged");
        ran.says("hash is ");
        assert!(!snapshot(&place).join(name).exists());
        assert!(blobs(&place).is_empty(), "{:?}", blobs(&place));
    }
}

#[test]
fn a_name_that_leads_out_of_the_cache_is_refused() {
    for name in [
        "../../../../evil.json",
        "/etc/evil.json",
        "a/../../evil.json",
    ] {
        let (place, hub) = (Place::new(), Hub::start());
        hub.add(name, b"{}", false);
        pull(&place, &hub, &[])
            .code(3)
            .says("leads out of its folder");
        assert!(blobs(&place).is_empty());
    }
}

#[test]
fn a_hub_that_is_not_there_ends_with_4() {
    let place = Place::new();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let ran = place.run_with(&[("HF_ENDPOINT", &endpoint)], &["pull", "owner/model"]);
    ran.code(4).says("the hub does not answer");
    let hub = hub();
    let ran = place.run_with(&[("HF_ENDPOINT", &hub.endpoint)], &["pull", "owner/other"]);
    ran.code(4).says("404");
}

#[test]
fn offline_opens_no_connection() {
    let (place, hub) = (Place::new(), hub());
    pull(&place, &hub, &["--offline"]).code(4);
    assert!(hub.requests().is_empty());
}

#[test]
fn of_many_gguf_files_the_one_of_the_type_named_is_fetched() {
    let (place, hub) = (Place::new(), Hub::start());
    hub.add("config.json", b"{}", false)
        .add("m-Q4_K_M.gguf", b"GGUF four", true)
        .add("m-Q8_0-00001-of-00002.gguf", b"GGUF eight", true)
        .add("m-Q8_0-00002-of-00002.gguf", b"GGUF eight too", true)
        .add("chat_template.jinja", b"{{ messages }}", false);
    let pull = |repo: &str, more: &[&str]| {
        let args = [&["pull", repo], more].concat();
        place.run_with(&[("HF_ENDPOINT", &hub.endpoint)], &args)
    };
    pull("owner/model", &[])
        .code(2)
        .says("the repository has 2 GGUF files")
        .says("m-Q4_K_M, m-Q8_0");
    pull("owner/model:Q5_0", &[])
        .code(4)
        .says("of type Q5_0")
        .says("it has m-Q4_K_M, m-Q8_0");
    hub.requests();
    pull("owner/model:q8_0", &[]).code(0).says("4 files");
    let asked = hub.requests().join("\n");
    assert!(!asked.contains("Q4_K_M"), "{asked}");
    let file = snapshot(&place).join("m-Q8_0-00002-of-00002.gguf");
    assert_eq!(std::fs::read(file).unwrap(), b"GGUF eight too");
    // What was pulled is found by the same name, and is no model.
    place
        .run(&["inspect", "owner/model:Q8_0"])
        .code(3)
        .says("m-Q8_0-00001-of-00002.gguf");
    place.run(&["inspect", "owner/model:Q4_0"]).code(4);
    pull("owner/model", &["--include", "*"])
        .code(0)
        .says("5 files");
    pull("owner/model:", &[]).code(4);
    let offline = [
        ("HF_ENDPOINT", hub.endpoint.as_str()),
        ("HF_HUB_OFFLINE", "1"),
    ];
    place
        .run_with(&offline, &["pull", "owner/model"])
        .code(4)
        .says("HF_HUB_OFFLINE");
}
