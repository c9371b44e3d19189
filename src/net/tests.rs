//! Raw sockets against the accept loop. Knows nothing of the service above it.

mod caps;
mod deadlines;
mod drain;
mod http1;
mod http2;
mod secure;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http_body_util::LengthLimitError;
use poem::endpoint::make;
use poem::{Body, Request, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;

/// A deadline that a test waits for.
const SOON: Duration = Duration::from_millis(150);
/// Longer than any deadline of a test: whoever waits this long has failed.
const LATE: Duration = Duration::from_secs(20);

/// A server under test.
struct Running {
    address: std::net::SocketAddr,
    metrics: Arc<Metrics>,
    gate: Arc<Gate>,
    stop: oneshot::Sender<()>,
    done: JoinHandle<Drained>,
}

/// Lets a test know that the handler of `/hold` runs, and lets that handler go on.
#[derive(Default)]
struct Gate {
    reached: Notify,
    open: Notify,
}

/// A client that speaks bytes.
struct Raw<T>(T);

fn plain(limits: Limits) -> Running {
    start(limits, None, true)
}

fn start(limits: Limits, tls: Option<Arc<TlsSource>>, plain: bool) -> Running {
    let bound = Bound::to("127.0.0.1:0".parse().unwrap()).unwrap();
    let (address, gate) = (bound.address(), Arc::<Gate>::default());
    let service = endpoint(Arc::clone(&gate));
    let listener = Listener {
        bound,
        plain: plain.then(|| if tls.is_some() { handler(refusal()) } else { Arc::clone(&service) }),
        tls: tls.map(|source| (source, service)),
    };
    let metrics = Arc::<Metrics>::default();
    let server = Server { limits, faults: Arc::new(fault), metrics: Arc::clone(&metrics) };
    let (stop, stopped) = oneshot::channel::<()>();
    let done = tokio::spawn(async move {
        server
            .serve(vec![listener], async {
                let _ = stopped.await;
            })
            .await
    });
    Running { address, metrics, gate, stop, done }
}

fn refusal() -> impl poem::Endpoint<Output = Response> {
    make(|_| async { Response::builder().status(StatusCode::FORBIDDEN).body("https only") })
}

fn fault(fault: Fault) -> Response {
    let status = match fault {
        Fault::Panic => StatusCode::INTERNAL_SERVER_ERROR,
        Fault::Deadline => StatusCode::REQUEST_TIMEOUT,
        Fault::HeaderFields => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    };
    Response::builder().status(status).body(format!("fault {fault:?}"))
}

fn endpoint(gate: Arc<Gate>) -> Handler {
    handler(make(move |request: Request| {
        let gate = Arc::clone(&gate);
        async move {
            match request.uri().path() {
                "/" => Ok::<_, poem::Error>(Response::from("hello")),
                "/who" => Ok(Response::from(format!("{} {}", request.scheme(), request.remote_addr()))),
                "/panic" => panic!("a secret"),
                "/echo" => Ok(echo(request.into_body()).await),
                "/early" => Ok(Response::from(StatusCode::UNAUTHORIZED)),
                "/big" => Ok(Response::from(vec![b'x'; 32 * 1024 * 1024])),
                "/events" => Ok(Response::builder().body(events(gate))),
                "/hold" => {
                    gate.reached.notify_one();
                    gate.open.notified().await;
                    Ok(Response::from("held"))
                }
                _ => Err(poem::error::NotFoundError.into()),
            }
        }
    }))
}

/// Tells body errors apart as the HTTP floor does.
async fn echo(body: Body) -> Response {
    use poem::error::ReadBodyError::Io;
    match body.into_bytes().await {
        Ok(bytes) => format!("{} bytes", bytes.len()).into(),
        Err(Io(error)) => match cause(&error) {
            error if error.kind() == io::ErrorKind::TimedOut => StatusCode::REQUEST_TIMEOUT.into(),
            error if error.get_ref().is_some_and(|inner| inner.is::<LengthLimitError>()) => {
                StatusCode::PAYLOAD_TOO_LARGE.into()
            }
            _ => StatusCode::BAD_REQUEST.into(),
        },
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into(),
    }
}

/// The innermost I/O error: poem wraps them.
fn cause(mut error: &io::Error) -> &io::Error {
    while let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        error = inner;
    }
    error
}

/// A stream that speaks when the gate opens.
fn events(gate: Arc<Gate>) -> Body {
    let (mut writer, reader) = tokio::io::duplex(64);
    tokio::spawn(async move {
        gate.reached.notify_one();
        gate.open.notified().await;
        let _ = writer.write_all(b"late").await;
    });
    Body::from_async_read(reader)
}

impl Running {
    async fn connect(&self) -> Raw<TcpStream> {
        Raw(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends one request on a fresh connection and reads until the server closes.
    async fn ask(&self, request: &str) -> String {
        let mut client = self.connect().await;
        client.send(request).await;
        client.rest().await
    }

    async fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")).await
    }

    async fn stop(self) -> Drained {
        let _ = self.stop.send(());
        within(self.done).await.unwrap()
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Raw<T> {
    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// All that comes until the server closes; a reset counts as closing.
    async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = within(self.0.read_to_end(&mut bytes)).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads up to and with `end`.
    async fn until(&mut self, end: &str) -> String {
        let mut text = String::new();
        while !text.ends_with(end) {
            text.push(char::from(within(self.0.read_u8()).await.unwrap()));
        }
        text
    }

    /// Sends `piece` again and again, with a pause, until the server closes or answers; that answer.
    async fn drip(&mut self, piece: &str) -> String {
        let mut answer = Vec::new();
        let mut pause = tokio::time::interval(SOON / 15);
        within(async {
            loop {
                let mut byte = [0];
                tokio::select! {
                    biased;
                    read = self.0.read(&mut byte) => match read {
                        Ok(1) => answer.push(byte[0]),
                        _ => break,
                    },
                    _ = pause.tick() => if self.0.write_all(piece.as_bytes()).await.is_err() { break },
                }
            }
        })
        .await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    timeout(LATE, work).await.expect("nothing happened for a long time")
}

/// Waits until a counter says so.
async fn until(check: impl Fn() -> bool) {
    let mut look = tokio::time::interval(Duration::from_millis(2));
    within(async {
        while !check() {
            look.tick().await;
        }
    })
    .await;
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or("closed")
}
