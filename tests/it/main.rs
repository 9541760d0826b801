//! One integration binary: the real program on real files.
#![allow(clippy::unwrap_used)]

mod parity;
