//! Input that is damaged, hostile or not there: a clear error with the right exit code and the
//! place of the damage, nothing left behind, never a panic.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::program::{Place, Ran, finish};
use crate::trained::{PREPARE, Trained, train};

/// Everything in a folder, hidden files too, with its contents.
fn listing(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        found.insert(path.clone(), std::fs::read(&path).ok());
        if path.is_dir() && !path.is_symlink() {
            found.extend(listing(&path));
        }
    }
    found
}

/// Runs a call that must fail with `code` and say every one of `says`, as text and as JSON, and
/// must change nothing in its folder.
#[track_caller]
pub(crate) fn refused(place: &Place, args: &[&str], code: i32, says: &[&str]) -> Ran {
    let before = listing(place.path());
    let ran = fails(place, args, code);
    assert_eq!(ran.stdout, "", "{args:?}\n{}", ran.stderr);
    for text in says {
        ran.says(text);
    }
    let mut with_json = args.to_vec();
    with_json.push("--json");
    let told = fails(place, &with_json, code);
    let error = told.object("error/1");
    assert_eq!(error["code"], code);
    let last = ran.stderr.lines().rfind(|l| l.starts_with("error: "));
    let message = error["message"].as_str().unwrap();
    assert_eq!(last, Some(format!("error: {message}").as_str()), "{args:?}");
    for line in told.stdout.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        assert!(value["schema"].is_string(), "{line}");
    }
    let after = listing(place.path());
    let names = |of: &BTreeMap<PathBuf, _>| of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after), "{args:?}\n{}", ran.stderr);
    assert!(before == after, "{args:?} changed a file");
    ran
}

/// A failure of the input's making, not of ours.
#[track_caller]
pub(crate) fn fails(place: &Place, args: &[&str], code: i32) -> Ran {
    let ran = place.run(args);
    assert_eq!(ran.code, Some(code), "{args:?}\n{}", ran.stderr);
    for word in ["panicked", "internal error", "RUST_BACKTRACE"] {
        assert!(!ran.stderr.contains(word), "{args:?}\n{}", ran.stderr);
    }
    ran
}

fn zst(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

fn gz(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Two good records, as lines.
fn good() -> String {
    let text = "Alle Menschen sind frei und gleich an Würde und Rechten geboren. ".repeat(20);
    let line = |id: usize| format!("{}\n", json!({"id": id.to_string(), "text": text}));
    line(1) + &line(2)
}

#[test]
fn a_damaged_record_is_found_with_its_file_and_line() {
    let good = good();
    let after_good = |line: &[u8]| [good.as_bytes(), line, b"\n", good.as_bytes()].concat();
    let (long_zst, long_gz) = (zst(good.as_bytes()), gz(good.as_bytes()));
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("empty.jsonl", vec![], "empty.jsonl"),
        ("blank.jsonl", b"\n \n\n".to_vec(), "blank.jsonl"),
        (
            "cut.jsonl.zst",
            long_zst[..long_zst.len() / 2].to_vec(),
            "cut.jsonl.zst:",
        ),
        (
            "end.jsonl.zst",
            long_zst[..long_zst.len() - 1].to_vec(),
            "end.jsonl.zst:",
        ),
        (
            "cut.jsonl.gz",
            long_gz[..long_gz.len() / 2].to_vec(),
            "cut.jsonl.gz:",
        ),
        (
            "end.jsonl.gz",
            long_gz[..long_gz.len() - 5].to_vec(),
            "end.jsonl.gz:",
        ),
        (
            "junk.jsonl.zst",
            [long_zst.as_slice(), b"and then junk"].concat(),
            "junk.jsonl.zst:",
        ),
        (
            "utf8.jsonl",
            after_good(b"{\"text\": \"a \xff b\"}"),
            "utf8.jsonl:3: ",
        ),
        ("utf8.txt", b"eins \xc3( zwei".to_vec(), "utf8.txt:1: "),
        (
            "textless.jsonl",
            after_good(b"{\"id\": 7}"),
            "textless.jsonl:3: ",
        ),
        (
            "number.jsonl",
            after_good(b"{\"text\": 7}"),
            "number.jsonl:3: ",
        ),
        ("list.jsonl", after_good(b"[1, 2]"), "list.jsonl:3: "),
        (
            "torn.jsonl",
            after_good(b"{\"text\": \"tor"),
            "torn.jsonl:3: ",
        ),
        ("prose.jsonl", after_good(b"once upon"), "prose.jsonl:3: "),
        (
            "deep.jsonl",
            after_good("[".repeat(100_000).as_bytes()),
            "deep.jsonl:3: ",
        ),
    ];
    for (name, bytes, says) in cases {
        let place = Place::new();
        place.write(name, bytes);
        refused(
            &place,
            &["prepare", name, "-o", "out"],
            3,
            &[says, "hint: "],
        );
        // One stage alone has no output to spoil but the stream: it stops at the same place.
        let ran = fails(&place, &["prepare", "stats", name], 3);
        ran.says(says).says("hint: ");
    }
}

#[test]
fn a_place_that_cannot_be_read_or_written_is_named() {
    let place = Place::new();
    place.write("a.jsonl", good());
    place.write("file", "");
    std::fs::create_dir(place.path().join("hollow")).unwrap();
    let prepare = |input, output| ["prepare", input, "-o", output];
    for (args, code, says) in [
        (prepare("hollow", "out"), 3, "hollow: "),
        (prepare("file/a.jsonl", "out"), 4, "file/a.jsonl: "),
        (prepare("a.jsonl", "file"), 2, "file: exists already"),
        (prepare("a.jsonl", "file/out"), 4, "file/out"),
        (prepare("a.jsonl", "file/deeper/out"), 4, "file/"),
        (["eval", "file/m", "--data", "a.jsonl"], 4, "file/m"),
        (["chat", "hollow", "-p", "x"], 4, "hollow: "),
        (["quantize", "hollow", "-o", "q.gguf"], 4, "hollow: "),
        (["train", "hollow", "-o", "run"], 4, "hollow: "),
        (["train", "file", "-o", "run"], 4, "file: "),
    ] {
        refused(&place, &args, code, &[says, "hint: "]);
    }
}

#[test]
#[cfg(unix)]
fn a_folder_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.write("closed/a.jsonl", good());
    place.write("fixed/a.jsonl", good());
    let set = |name: &str, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(place.path().join(name), mode).unwrap();
    };
    set("closed", 0o000);
    set("fixed", 0o555);
    // Root may do everything, until it gives its privileges away.
    let drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
    let is_denied = |how: &[&str]| {
        let (program, args) = how.split_first().unwrap();
        let mut command = Command::new(program);
        command.args(args).current_dir(place.path());
        command.output().is_ok_and(|ran| {
            ran.status.code() != Some(0) && String::from_utf8_lossy(&ran.stderr).contains("denied")
        })
    };
    let before: &[&str] = match () {
        () if is_denied(&["ls", "closed"]) => &[],
        () if is_denied(&[&drop[..], &["ls", "closed"]].concat()) => &drop,
        () => {
            eprintln!("skipped: this user may read a folder without permission");
            set("closed", 0o755);
            return;
        }
    };
    for (args, says) in [
        (["prepare", "closed", "-o", "out"], "closed: cannot list"),
        (
            ["prepare", "closed/a.jsonl", "-o", "out"],
            "closed/a.jsonl: ",
        ),
        (["prepare", "fixed", "-o", "fixed/out"], "fixed"),
    ] {
        let eu = place.command(&args);
        let ran = match before.split_first() {
            None => finish(eu, b""),
            Some((program, options)) => {
                let mut command = Command::new(program);
                command.args(options).arg(eu.get_program());
                command.args(eu.get_args()).current_dir(place.path());
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
                finish(command, b"")
            }
        };
        assert_eq!(ran.code, Some(4), "{args:?}\n{}", ran.stderr);
        ran.says(says)
            .says("enied")
            .says("hint: check the permissions");
        assert_eq!(ran.stdout, "");
        assert!(!place.path().join("out").exists());
    }
    set("closed", 0o755);
    set("fixed", 0o755);
    assert_eq!(listing(place.path()).len(), 4, "nothing was left behind");
}

#[test]
fn torn_token_files_are_refused_before_a_run_begins() {
    let (place, trained) = (Place::new(), Trained::shared());
    trained.copy("data", &place);
    let at = |name: &str| place.path().join("data/tokens/train").join(name);
    let (idx, bin) = (at("mlt_Latn.idx"), at("mlt_Latn.bin"));
    let (whole_idx, whole_bin) = (std::fs::read(&idx).unwrap(), std::fs::read(&bin).unwrap());
    let lie = |at: usize, bytes: &[u8]| {
        let mut lying = whole_idx.clone();
        lying[at..at + bytes.len()].copy_from_slice(bytes);
        lying
    };
    let mut cases: Vec<(Vec<u8>, Vec<u8>)> = vec![
        (vec![], whole_bin.clone()),
        (whole_idx.clone(), vec![]),
        (whole_idx.clone(), whole_bin[..whole_bin.len() - 1].to_vec()),
        (whole_idx.clone(), [&whole_bin[..], b"xx"].concat()),
        ([&whole_idx[..], b"x"].concat(), whole_bin.clone()),
        (lie(9, &7u64.to_le_bytes()), whole_bin.clone()),
        (lie(17, &[3]), whole_bin.clone()),
        (lie(17, &[4]), whole_bin.clone()),
        (lie(18, &u64::MAX.to_le_bytes()), whole_bin.clone()),
        (lie(26, &u64::MAX.to_le_bytes()), whole_bin.clone()),
        (lie(34, &(-1i32).to_le_bytes()), whole_bin.clone()),
        (lie(34, &i32::MAX.to_le_bytes()), whole_bin.clone()),
        (lie(whole_idx.len() / 2, &[0xff; 8]), whole_bin.clone()),
    ];
    for cut in (1..whole_idx.len()).step_by(whole_idx.len() / 8) {
        cases.push((whole_idx[..cut].to_vec(), whole_bin.clone()));
    }
    for (index, tokens) in cases {
        std::fs::write(&idx, index).unwrap();
        std::fs::write(&bin, tokens).unwrap();
        let ran = refused(&place, &train(&["--steps=2"]), 3, &["mlt_Latn.", "hint: "]);
        ran.says("byte ");
    }
    std::fs::write(&idx, &whole_idx).unwrap();
    std::fs::remove_file(&bin).unwrap();
    refused(
        &place,
        &train(&["--steps=2"]),
        4,
        &["mlt_Latn.bin", "hint: "],
    );
    // A token the vocabulary does not have.
    std::fs::write(&bin, vec![0xff; whole_bin.len()]).unwrap();
    let args = train(&["--steps=2"]);
    fails(&place, &args, 3).says("mlt_Latn.bin: token 65535");
}

#[test]
fn what_else_a_run_reads_is_refused_by_name_when_it_is_nonsense() {
    let (place, trained) = (Place::new(), Trained::shared());
    trained.copy("data", &place);
    let args = train(&["--steps=2"]);
    for name in ["mix.json", "tokenizer.json"] {
        let path = place.path().join("data").join(name);
        let whole = std::fs::read(&path).unwrap();
        for bytes in [
            &b""[..],
            b"nonsense",
            b"[]",
            b"\xff",
            &whole[..whole.len() / 2],
        ] {
            std::fs::write(&path, bytes).unwrap();
            refused(&place, &args, 3, &[&format!("data/{name}: ")]);
        }
        std::fs::write(&path, whole).unwrap();
    }
    std::fs::write(place.path().join("data/heldout/mlt_Latn.jsonl.zst"), "x").unwrap();
    refused(
        &place,
        &["eval", "run", "--data", "data"],
        4,
        &["run", "hint: "],
    );
    trained.copy("run", &place);
    let args = ["eval", "run", "--data", "data"];
    refused(&place, &args, 3, &["mlt_Latn.jsonl.zst:1: ", "hint: "]);
}

#[test]
fn a_recipe_that_makes_no_sense_is_refused_with_its_line() {
    let place = Place::new();
    for (text, code, says) in [
        (
            &b"[train]\nlearning_rat = 1\n"[..],
            2,
            "r.toml:2: unknown key of [train] `learning_rat`",
        ),
        (b"[train]\nlr = 1\n[trian]\nlr = 1\n", 2, "r.toml:3: "),
        (b"seed = 1\n[train\n", 2, "r.toml:2: "),
        (b"[train]\nlr = \"fast\"\n", 2, "r.toml:2: "),
        (b"[train]\nsteps = -3\n", 2, "r.toml:2: "),
        (b"[train]\n\nlr = 1\nlr = 2\n", 2, "r.toml:4: "),
        (b"[train]\nlr = \"\xff\"\n", 3, "r.toml: byte 14: not UTF-8"),
    ] {
        place.write("r.toml", text);
        refused(
            &place,
            &["train", "--recipe", "r.toml"],
            code,
            &[says, "hint: "],
        );
    }
    refused(
        &place,
        &["train", "--recipe", "absent.toml"],
        4,
        &["absent.toml: ", "hint: "],
    );
}

#[test]
fn what_is_there_already_is_not_overwritten_without_force() {
    let (place, trained) = (Place::new(), Trained::shared());
    for name in ["data", "run", "model.gguf", "corpus"] {
        trained.copy(name, &place);
    }
    let overwrite = "hint: use --force to overwrite it";
    let exists = |args: &[&str], name: &str, hint: &str| {
        let says = format!("{name}: exists already");
        refused(&place, args, 2, &[&says, hint]);
    };
    exists(&PREPARE, "data", overwrite);
    let resume = "hint: --resume goes on with it, --force replaces it";
    exists(&train(&["--steps=2"]), "run", resume);
    exists(
        &["quantize", "run", "-o", "model.gguf"],
        "model.gguf",
        overwrite,
    );
    // Without -o a GGUF file lies beside what it is made of, be that a folder or a file.
    place
        .run(&["quantize", "model.gguf", "--type=q8_0", "-q"])
        .code(0);
    assert!(place.path().join("model-q8_0.gguf").is_file());
    let beside = ["quantize", "model.gguf", "--type=q8_0"];
    exists(&beside, "model-q8_0.gguf", overwrite);
    // A folder that is no run is not replaced even so.
    let args = ["train", "data", "-o", "corpus", "--force", "--steps=1"];
    refused(&place, &args, 2, &["corpus: not a run directory", "hint: "]);
    let args = ["quantize", "run", "-o", "model.gguf", "--force", "-q"];
    place.run(&args).code(0);
}

#[test]
fn a_number_that_makes_no_sense_is_refused_by_name() {
    let (place, trained) = (Place::new(), Trained::shared());
    for name in ["data", "run", "corpus"] {
        trained.copy(name, &place);
    }
    let prepare = |option| vec!["prepare", "corpus/train", "-o", "out", option];
    let chat = |option| vec!["chat", "run", "-p", "x", "--raw", option];
    let run = |option| vec!["train", "data", "-o", "new", "--steps=1", option];
    for (args, says) in [
        (prepare("--vocab-size=0"), "vocab_size"),
        (prepare("--vocab-size=99999999999"), "vocab_size"),
        (prepare("--budget-tokens=0"), "budget_tokens"),
        (prepare("--max-epochs=nan"), "max_epochs"),
        (prepare("--heldout-share=7"), "heldout_share"),
        (prepare("--min-lang-prob=nan"), "min_lang_prob"),
        (prepare("--minhash-rows=99999999999"), "MinHash"),
        (prepare("--threads=1000000"), "threads"),
        (prepare("--langs=xx"), "\"xx\""),
        (chat("--temperature=nan"), "temperature"),
        (chat("--temperature=-1"), "temperature"),
        (chat("--temperature=inf"), "temperature"),
        (chat("--top-p=nan"), "top_p"),
        (chat("--top-p=9"), "top_p"),
        (chat("--min-p=nan"), "min_p"),
        (chat("--typical-p=2"), "typical_p"),
        (chat("--top-n-sigma=-1"), "top_n_sigma"),
        (chat("--xtc-probability=nan"), "xtc_probability"),
        (chat("--repeat-penalty=0"), "repeat_penalty"),
        (chat("--presence-penalty=inf"), "presence_penalty"),
        (chat("--dry-base=0.5"), "dry_base"),
        (chat("--dynatemp-range=-1"), "dynatemp_range"),
        (chat("--mirostat=3"), "mirostat"),
        (chat("--draft=99999999"), "draft"),
        (chat("--stop="), "stop"),
        (chat("--logit-bias=99999999+1"), "names no token"),
        (chat("--grammar=x"), "grammar:1:2: here ::= should stand"),
        (
            chat("--json-schema={\"not\":{}}"),
            "`not` is not understood",
        ),
        (chat("--context=99999999"), "99999999"),
        (chat("--threads=1000000"), "threads"),
        (run("--threads=1000000"), "threads"),
        (run("--lr=nan"), "lr"),
        (run("--batch=0"), "batch"),
        (run("--context=0"), "context"),
        (run("--context=99999999999"), "context"),
        (run("--d-model=99999999"), "d_model"),
        (run("--n-heads=7"), "n_heads"),
        (run("--rope-theta=nan"), "rope_theta"),
        (run("--minutes=nan"), "minutes"),
    ] {
        refused(&place, &args, 2, &[says, "hint: "]);
    }
    // Weights and optimiser of 8 TiB: more than machines that run tests have.
    let mut large = run("--n-layers=16");
    large.extend(["--d-model=131072", "--n-heads=1024"]);
    let says = ["GiB of memory, this machine has", "hint: "];
    #[cfg(target_os = "linux")]
    refused(&place, &large, 4, &says);
    // A bound that is no number lets nothing pass.
    let args = ["eval", "run", "--data=data", "--max-worst-bpb=nan"];
    place.run(&args).code(5);
}

#[test]
fn a_log_that_is_none_is_not_waited_for() {
    let place = Place::new();
    place.write("recipe.toml", "[train]\nlr = 1\n");
    let says = ["recipe.toml:1: not an event of a run", "hint: "];
    refused(&place, &["watch", "recipe.toml"], 3, &says);
}
