//! Connections: taken, bounded in number and time, and given to [`route`](super::route).

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::route::{Server, answer};
use super::sse::Events;
use super::wire::{Clock, Wire};
use super::work::GRACE;

/// Most connections at a time; more wait to be taken.
const MAX_CONNECTIONS: usize = 256;
/// Most headers of a request, and most bytes they have.
const MAX_HEADERS: usize = 64;
const MAX_HEAD: usize = 16 << 10;
/// How long connections have to take what is left for them, behind the last word of the model.
const PARTING: Duration = Duration::from_secs(2);
/// Pause after a connection could not be taken, such as for want of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// The body of a response.
pub(super) enum Reply {
    Whole(Option<Bytes>),
    Events(Box<Events>),
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match self.get_mut() {
            Reply::Whole(bytes) => Poll::Ready(bytes.take()),
            Reply::Events(events) => events.poll(cx),
        };
        bytes.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Reply::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Reply::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Reply::Events(_) => SizeHint::default(),
        }
    }
}

/// Takes connections until `closing` says so, then waits for those there are.
pub(super) async fn listen(
    listener: TcpListener,
    server: Arc<Server>,
    mut closing: watch::Receiver<bool>,
) {
    let free = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Some(Ok(place)) = unless(&mut closing, free.clone().acquire_owned()).await else {
            break;
        };
        match unless(&mut closing, listener.accept()).await {
            None => break,
            Some(Err(_)) => tokio::time::sleep(PAUSE).await,
            Some(Ok((stream, _))) => {
                // Events are small and each is wanted at once; without this they only come later.
                let _ = stream.set_nodelay(true);
                let (server, closing) = (server.clone(), closing.clone());
                tokio::spawn(async move {
                    serve(stream, server, closing).await;
                    drop(place);
                });
            }
        }
    }
    drop(listener);
    let all = free.acquire_many(MAX_CONNECTIONS as u32);
    let _ = tokio::time::timeout(GRACE + PARTING, all).await; // who is still there is cut off
}

/// What comes of `work`, unless the server closes before.
async fn unless<F: Future>(closing: &mut watch::Receiver<bool>, work: F) -> Option<F::Output> {
    let (mut work, mut closed) = (pin!(work), pin!(closing.wait_for(|closed| *closed)));
    poll_fn(|cx| {
        if closed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        work.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Answers the requests of a connection, one after the other.
async fn serve<S>(stream: S, server: Arc<Server>, mut closing: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let patience = server.patience;
    let service = service_fn(|request| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(answer(&server, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(Clock)
        .header_read_timeout(patience)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD)
        .serve_connection(Wire::new(stream, patience), service);
    let mut connection = pin!(connection);
    let mut closed = pin!(closing.wait_for(|closed| *closed));
    let mut is_closing = false;
    // A client that broke off, or was too slow, is no event worth a line.
    let _ = poll_fn(|cx| {
        if !is_closing && closed.as_mut().poll(cx).is_ready() {
            is_closing = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    })
    .await;
}
