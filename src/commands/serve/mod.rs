//! `eu chat MODEL --serve ADDRESS`: OpenAI's API over HTTP, for programs on this machine.
//!
//! One thread speaks HTTP (`http`, `route`), the calling one keeps the model at work
//! (`work`); requests are made ready between them (`intake`). Everything that waits is
//! bounded: connections, bytes of bodies, answers, pieces a slow reader has not taken.

mod fields;
mod http;
mod intake;
mod refusal;
mod reply;
mod request;
mod route;
mod sse;
mod start;
mod token;
mod wire;
mod work;

pub use start::ServerArgs;
pub(super) use start::run;
