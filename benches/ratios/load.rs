//! The load generator: clients that keep their connection and send the next request when the last answer is there.
//!
//! It shares the machine with the server, so each microsecond that it takes makes both sides look more alike than they are: requests
//! are rendered beforehand, and of an answer it reads no more than where it ends. One thread of its own, the same for both sides.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// Which of many requests comes next.
#[derive(Clone, Copy)]
pub(crate) enum Spread {
    /// Each as often as any other.
    Uniform,
    /// The n-th in proportion to 1/n.
    Zipf,
}

/// Rendered requests, and how often each of them comes.
#[derive(Clone)]
pub(crate) struct Mix {
    requests: Arc<[Vec<u8>]>,
    /// Up to where in 0..1 each request reaches.
    shares: Arc<[f64]>,
}

impl Mix {
    pub(crate) fn new(requests: &[Vec<u8>], spread: Spread) -> Self {
        let weight = |place: usize| match spread {
            Spread::Uniform => 1.0,
            Spread::Zipf => 1.0 / f64::from(u32::try_from(place + 1).expect("a small number")),
        };
        let total: f64 = (0..requests.len()).map(weight).sum();
        let shares = (0..requests.len()).scan(0.0, |sum, place| {
            *sum += weight(place) / total;
            Some(*sum)
        });
        Self {
            shares: shares.collect(),
            requests: requests.into(),
        }
    }

    fn pick(&self, random: &mut fastrand::Rng) -> &[u8] {
        let at = random.f64();
        let place = self.shares.partition_point(|share| *share < at);
        &self.requests[place.min(self.requests.len() - 1)]
    }
}

/// What a load got.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Got {
    /// Answers per second.
    pub(crate) rate: f64,
    /// Milliseconds in which 99 of 100 answers came.
    pub(crate) p99: f64,
}

/// What `clients` clients got over `time`.
pub(crate) async fn run(server: SocketAddr, mix: &Mix, clients: usize, time: Duration) -> Got {
    let (done, waiting) = oneshot::channel();
    let mix = mix.clone();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let begun = Instant::now();
        let clients = (0..clients).map(|seed| client(server, &mix, seed as u64, begun + time));
        let times = runtime.block_on(join_all(clients)).concat();
        let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
        let p99 = p99(times);
        done.send(Got { rate, p99 }).expect("somebody who waits");
    });
    waiting.await.expect("the load generator panicked")
}

/// Clients of [`paced`].
const PACED: u32 = 64;

/// p99 in milliseconds of requests that come at `rate` a second, whether or not the ones before are answered.
pub(crate) async fn paced(server: SocketAddr, mix: &Mix, rate: f64, time: Duration) -> f64 {
    let (done, waiting) = oneshot::channel();
    let mix = mix.clone();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let pace = Duration::from_secs_f64(f64::from(PACED) / rate);
        let begun = Instant::now();
        let clients = (0..PACED).map(|number| {
            let first = begun + pace * number / PACED;
            paced_client(server, &mix, u64::from(number), first, pace, begun + time)
        });
        let times = runtime.block_on(join_all(clients)).concat();
        done.send(p99(times)).expect("somebody who waits");
    });
    waiting.await.expect("the load generator panicked")
}

/// How long each of its requests took. One that comes late because the one before was slow counts from when it was due; that the timer wakes
/// late does not.
async fn paced_client(
    server: SocketAddr,
    mix: &Mix,
    seed: u64,
    mut due: Instant,
    pace: Duration,
    end: Instant,
) -> Vec<Duration> {
    let mut connection = Connection::open(server).await;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut times = Vec::new();
    while due < end {
        let mut begun = due;
        if due > Instant::now() {
            tokio::time::sleep_until(due.into()).await;
            begun = Instant::now();
        }
        let status = connection.ask(mix.pick(&mut random)).await;
        assert_eq!(status, 200, "{}", connection.text());
        times.push(begun.elapsed());
        due += pace;
    }
    times
}

/// In milliseconds.
fn p99(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() * 99 / 100].as_secs_f64() * 1000.0
}

/// How long each of this client's requests took until `end`.
async fn client(server: SocketAddr, mix: &Mix, seed: u64, end: Instant) -> Vec<Duration> {
    let mut connection = Connection::open(server).await;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut times = Vec::new();
    let mut begun = Instant::now();
    while begun < end {
        let status = connection.ask(mix.pick(&mut random)).await;
        assert_eq!(status, 200, "{}", connection.text());
        let now = Instant::now();
        times.push(now - begun);
        begun = now;
    }
    times
}

/// One kept connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket option");
        Self {
            stream,
            buffer: vec![0; 16 * 1024],
            filled: 0,
        }
    }

    /// Sends a request and reads its answer to the end; the answer's status.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> u16 {
        self.stream.write_all(request).await.expect("a request");
        self.filled = 0;
        loop {
            let rest = &mut self.buffer[self.filled..];
            let read = self.stream.read(rest).await.expect("an answer");
            assert!(read > 0, "the server closed the connection");
            self.filled += read;
            if let Some(status) = whole(&self.buffer[..self.filled]) {
                return status;
            }
        }
    }

    /// The last answer.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.buffer[..self.filled]).into_owned()
    }
}

/// The status of an answer that is there to its end.
fn whole(answer: &[u8]) -> Option<u16> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(begin) = head.parse(answer).expect("an answer of HTTP") else {
        return None;
    };
    let text = || String::from_utf8_lossy(answer);
    let length = head.headers.iter().find_map(|header| {
        let names_length = header.name.eq_ignore_ascii_case("content-length");
        let value = names_length.then_some(header.value)?;
        std::str::from_utf8(value).ok()?.parse::<usize>().ok()
    });
    let end = begin + length.unwrap_or_else(|| panic!("no length: {}", text()));
    (answer.len() >= end).then(|| head.code.expect("a status"))
}
