//! Transcripts of the program, in `tests/cmd`; `TRYCMD=overwrite cargo test transcripts` renews
//! them.

#[test]
fn transcripts_hold() {
    let empty = tempfile::tempdir().unwrap();
    trycmd::TestCases::new()
        .register_bin("eu", std::path::Path::new(env!("CARGO_BIN_EXE_eu")))
        .env("HOME", empty.path().display().to_string())
        .env("XDG_CONFIG_HOME", empty.path().display().to_string())
        .env("COLUMNS", "100")
        .case("tests/cmd/*.trycmd")
        .run();
}
