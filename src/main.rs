//! The `eu` command: parse, dispatch, exit code.

fn main() {}
