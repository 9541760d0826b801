//! What can be typed for a server, and its life from the first socket to the last answer.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::watch;

use super::super::fail::{Failure, Result};
use super::super::out::Out;
use super::super::signals;
use super::http::listen;
use super::intake::Intake;
use super::route::Server;
use super::token::Tokens;
use super::work::{Tally, work};
use crate::engine;
use crate::engine::generate::{Batch, Plan};
use crate::engine::infer::Decoder;
use crate::engine::ops::Executor;
use crate::event::Control;
use crate::fault::Kind;

/// Flags of a server; they are no part of a plan.
#[derive(Debug, Default, clap::Args)]
pub struct ServerArgs {
    /// Answer over HTTP as OpenAI's API does, until stopped; port 0: any that is free.
    #[arg(long, value_name = "HOST:PORT", help_heading = "Server")]
    #[arg(conflicts_with_all = ["prompt", "prompts", "bench", "session"])]
    pub serve: Option<String>,
    /// Answers that may wait for a place, with --serve; with more, requests are refused.
    #[arg(long, value_name = "N", default_value_t = 64, requires = "serve")]
    #[arg(help_heading = "Server")]
    pub queue: usize,
    /// File with a token a line that clients have to send; without one only this machine is served.
    #[arg(long, value_name = "FILE", requires = "serve", help_heading = "Server")]
    pub token_file: Option<PathBuf>,
    /// What clients call the model; otherwise as its file is called.
    #[arg(long, value_name = "NAME", requires = "serve", help_heading = "Server")]
    pub model_name: Option<String>,
    /// Most tokens of an answer, whatever a client asks for; 0: as many as the context holds.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "serve")]
    #[arg(help_heading = "Server")]
    pub token_limit: usize,
    /// Largest request in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 4, requires = "serve")]
    #[arg(help_heading = "Server", value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub max_body: u64,
    /// Seconds that a request may take to come, and a reader to take nothing of an answer.
    #[arg(long, value_name = "S", default_value_t = 30, requires = "serve")]
    #[arg(help_heading = "Server", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub patience: u64,
}

/// Most answers that may be written side by side, and that may wait.
const MAX_PLACES: usize = 1 << 16;

/// Serves the model of `plan`, which was `typed` as it is called, with `parallel` answers side by
/// side, until a signal ends it.
///
/// # Errors
/// When the address cannot be listened at, or others could reach it without a token; when the
/// model cannot be read; and always at the end, which a signal is.
pub(in super::super) fn run(
    plan: &Plan,
    typed: &Path,
    args: &ServerArgs,
    parallel: usize,
    out: &Arc<Out>,
) -> Result<()> {
    let address = address(args.serve.as_deref().unwrap_or_default())?;
    let tokens = args.token_file.as_deref().map(Tokens::open).transpose()?;
    let is_loopback = address.ip().is_loopback();
    if !is_loopback && tokens.is_none() {
        let what = format!("{address} can be reached from other machines");
        return Err(Failure::usage(what)
            .hint("serve 127.0.0.1, or let clients show a token: --token-file FILE")
            .into());
    }
    let parallel = parallel.clamp(1, MAX_PLACES);
    let control = Arc::new(Control::default());
    signals::listen(&control, out)?;
    let speaker = Arc::new(engine::load::open(&plan.model)?);
    let executor =
        Executor::choose(&plan.device, &plan.cpu, plan.threads)?.in_precision(plan.precision);
    let reader = Decoder::new(&speaker.weights, &executor, plan.context)?;
    let reader = match plan.kv.as_str() {
        "q8_0" => reader.in_eights(),
        _ => reader,
    };
    let name = args.model_name.clone().unwrap_or_else(|| name(typed));
    let limits = (reader.context(), args.token_limit);
    let n_places = parallel + args.queue.min(MAX_PLACES);
    let intake = Intake::new(speaker.clone(), plan.clone(), &name, limits, n_places)?;
    if !intake.knows_conversations() {
        out.warn("without a chat template only /v1/completions can be asked");
    }
    let batch = Batch::new(reader, &speaker.vocab, parallel);
    let (calls, waiting) = mpsc::channel();
    let (close, closing) = watch::channel(false);
    let server = Server::new(
        Arc::new(intake),
        calls,
        (tokens, is_loopback),
        (args.max_body << 20, Duration::from_secs(args.patience)),
        closing.clone(),
        out.clone(),
    );
    let (bound, http) = open(address, server, closing)?;
    let url = format!("http://{bound}/v1");
    if !is_loopback {
        out.warn("texts and tokens go over the network as they are: put TLS in front of this");
    }
    out.say(&format!("{name} is served at {url}; Ctrl-C ends"));
    if out.is_json() {
        let told = json!({
            "url": url, "model": name, "context": limits.0, "parallel": parallel,
            "queue": args.queue,
        });
        out.object("serve/1", &told)?;
    }
    let stopping = || {
        let _ = close.send(true); // nobody listens any more only when all has ended
    };
    let worked = work(batch, &waiting, &control, &stopping);
    stopping();
    drop(waiting); // who asks now is refused
    let _ = http.join();
    let Tally {
        n_answers,
        n_tokens,
    } = worked?;
    let what = format!("stopped after {n_answers} answers of {n_tokens} tokens in all");
    Err(Failure::new(Kind::Interrupted, what).into())
}

/// Listens, on a thread of its own; returns the address that was found free.
fn open(
    address: SocketAddr,
    server: Server,
    closing: watch::Receiver<bool>,
) -> Result<(SocketAddr, std::thread::JoinHandle<()>)> {
    let failed =
        |e: std::io::Error| Failure::new(Kind::Failed, format!("cannot listen at {address}: {e}"));
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .build()
        .map_err(failed)?;
    let listener = runtime
        .block_on(TcpListener::bind(address))
        .map_err(|e| failed(e).hint("give another port, or port 0 for any that is free"))?;
    let bound = listener.local_addr().map_err(failed)?;
    let thread = std::thread::Builder::new()
        .name("http".into())
        .spawn(move || {
            runtime.block_on(listen(listener, Arc::new(server), closing));
            runtime.shutdown_background();
        })
        .map_err(failed)?;
    Ok((bound, thread))
}

/// The address that was asked for. Names are not looked up: what they mean is up to the network.
fn address(typed: &str) -> Result<SocketAddr> {
    let numbers = match typed.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => typed.to_owned(),
    };
    numbers.parse().map_err(|_| {
        Failure::usage(format!("{typed:?} is no address to serve"))
            .hint("give one such as 127.0.0.1:8080 or [::1]:8080")
            .into()
    })
}

/// What a model is called: by its hub id, else by its file or folder.
fn name(typed: &Path) -> String {
    let is_file = typed.is_file();
    let name = match typed.exists() {
        false => Some(typed.as_os_str()),
        true if is_file => typed.file_stem(),
        true => typed.file_name(),
    };
    name.map_or("model".into(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_numbers_or_this_machine() {
        assert_eq!(
            address("localhost:0").unwrap(),
            address("127.0.0.1:0").unwrap()
        );
        assert!(address("[::1]:80").unwrap().ip().is_loopback());
        assert!(!address("0.0.0.0:80").unwrap().ip().is_loopback());
        for wrong in ["", "8080", "example.org:80", "127.0.0.1", "127.0.0.1:99999"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_model_is_called_as_its_file_or_hub_id() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m.Q4_0.gguf");
        crate::disk::replace_bytes(&file, b"").unwrap();
        assert_eq!(name(&file), "m.Q4_0");
        assert_eq!(name(Path::new("owner/some-model")), "owner/some-model");
    }
}
