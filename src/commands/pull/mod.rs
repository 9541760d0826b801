//! `eu pull`: a model from the Hugging Face hub into its cache. The only place that opens
//! connections, and only to the host that was named (`HF_ENDPOINT`) and where it sends us.
//!
//! `hf-hub` knows the hub's cache, token and listing. Its own download appends whatever answer
//! comes to a partial file, checks nothing and trusts names from the server as paths; so the
//! transfer is ours.

mod command;
mod hub;
mod names;

pub use command::{Args, run};
