//! What engines did and hold in; a page in the text format of Prometheus out, and a small server that shows it while a
//! run lasts (`sglc run --metrics`).
//!
//! The format is version 0.0.4 of `text/plain`. Numbers that only grow end in `_total`, times are seconds, and how times are spread is
//! told as histograms whose borders are powers of two microseconds. Each line names its model.

use std::fmt::Write as _;
use std::io::{self, Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sgl_engine::{EngineStats, Times};

/// Bytes of a request that are read, at most.
const REQUEST: usize = 8 << 10;
/// Time that one client has.
const PATIENCE: Duration = Duration::from_secs(2);

/// A number: its name, what it says, how it is found.
type Number = (&'static str, &'static str, fn(&EngineStats) -> f64);

const COUNTERS: [Number; 21] = [
    ("steps_total", "Steps of the model", |stats| stats.steps as f64),
    ("step_seconds_total", "Time in steps", |stats| stats.step_seconds),
    ("forward_seconds_total", "Of the time in steps, inside the model", |stats| stats.forward_seconds),
    ("matmul_seconds_total", "Of the time in the model, in products with weights", |stats| stats.matmul_seconds),
    ("attention_seconds_total", "Of the time in the model, in attention", |stats| stats.attention_seconds),
    ("mask_seconds_total", "Time for masks and forced text, of all threads", |stats| stats.mask_seconds),
    ("compile_seconds_total", "Time in which constraints were compiled", |stats| stats.compile_seconds),
    ("rows_total", "Rows computed", |stats| stats.rows as f64),
    ("batched_sequences_total", "Sum over steps of the sequences in them", |stats| stats.batched as f64),
    ("answered_requests_total", "Requests answered", |stats| stats.answered as f64),
    ("failed_requests_total", "Requests that failed", |stats| stats.failed as f64),
    ("cancelled_requests_total", "Requests whose client went away", |stats| stats.cancelled as f64),
    ("prompt_tokens_total", "Tokens of the prompts of answered requests", |stats| stats.prompt_tokens as f64),
    ("cached_tokens_total", "Of the prompts' tokens, taken from the cache", |stats| stats.cached_tokens as f64),
    ("restored_tokens_total", "Tokens read from disk", |stats| stats.restored as f64),
    ("output_tokens_total", "Tokens in answers", |stats| stats.output_tokens as f64),
    ("forced_tokens_total", "Of the answers' tokens, forced by constraints", |stats| stats.forced_tokens as f64),
    ("drafted_tokens_total", "Tokens guessed ahead", |stats| stats.drafted as f64),
    ("accepted_tokens_total", "Of the guessed tokens, those that were right", |stats| stats.accepted as f64),
    ("evicted_tokens_total", "Tokens evicted from the cache", |stats| stats.evicted as f64),
    ("retracted_sequences_total", "Sequences put back for want of room", |stats| stats.retracted as f64),
];

const GAUGES: [Number; 8] = [
    ("waiting_sequences", "Sequences that wait", |stats| stats.waiting as f64),
    ("running_sequences", "Sequences that run", |stats| stats.running as f64),
    ("kv_slots", "KV slots in the pool", |stats| stats.slots as f64),
    ("kv_slots_free", "Of the slots, free", |stats| stats.free as f64),
    ("kv_slots_cached", "Of the slots, owned by the prefix cache", |stats| stats.cached as f64),
    ("hit_rate", "Share of prompt tokens taken from the cache", EngineStats::hit_rate),
    ("largest_batch", "Most sequences in one step", |stats| stats.largest_batch as f64),
    ("longest_wait_steps", "Most steps that a sequence has waited for its turn", |stats| f64::from(stats.longest_wait)),
];

/// How times are spread: its name, what they are, how they are found.
type Spread = (&'static str, &'static str, fn(&EngineStats) -> &Times);

const SPREADS: [Spread; 3] = [
    ("queue_seconds", "From a request's coming to its first step", |stats| &stats.queue),
    ("first_token_seconds", "From a request's coming to its first token", |stats| &stats.first_token),
    ("between_tokens_seconds", "Between two steps that gave a request tokens", |stats| &stats.between_tokens),
];

/// The page of these engines, each with the name of its model.
pub fn page(engines: &[(String, EngineStats)]) -> String {
    let mut out = String::new();
    for (kind, numbers) in [("counter", &COUNTERS[..]), ("gauge", &GAUGES[..])] {
        for (name, about, value) in numbers {
            head(&mut out, name, about, kind);
            for (model, stats) in engines {
                let _ = writeln!(out, "sgl_{name}{{model=\"{}\"}} {}", escaped(model), value(stats));
            }
        }
    }
    for (name, about, times) in SPREADS {
        head(&mut out, name, about, "histogram");
        for (model, stats) in engines {
            let (model, times) = (escaped(model), times(stats));
            for (border, count) in times.up_to() {
                let _ = writeln!(out, "sgl_{name}_bucket{{model=\"{model}\",le=\"{border}\"}} {count}");
            }
            let _ = writeln!(out, "sgl_{name}_bucket{{model=\"{model}\",le=\"+Inf\"}} {}", times.count());
            let _ = writeln!(out, "sgl_{name}_sum{{model=\"{model}\"}} {}", times.sum());
            let _ = writeln!(out, "sgl_{name}_count{{model=\"{model}\"}} {}", times.count());
        }
    }
    out
}

fn head(out: &mut String, name: &str, about: &str, kind: &str) {
    let _ = writeln!(out, "# HELP sgl_{name} {about}\n# TYPE sgl_{name} {kind}");
}

/// The value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Shows the page to whoever asks, until it is dropped.
pub struct Server {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens at `address` for requests for `/metrics`. `engines` is asked at each of them.
    pub fn start(
        address: SocketAddr,
        engines: impl Fn() -> Vec<(String, EngineStats)> + Send + 'static,
    ) -> io::Result<Server> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let is_over = ended.clone();
        let serve = move || {
            for client in listener.incoming() {
                if is_over.load(Ordering::Acquire) {
                    break;
                }
                // Whoever asks wrongly or goes away harms nobody.
                let _ = client.and_then(|client| answer(client, &engines));
            }
        };
        let thread = std::thread::Builder::new().name("sgl-metrics".into()).spawn(serve)?;
        Ok(Server { address, ended, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // Wakes who waits for clients; where that cannot be, the thread ends with the process.
        if TcpStream::connect_timeout(&self.address, PATIENCE).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

/// Reads one request and answers it.
fn answer(mut client: TcpStream, engines: &impl Fn() -> Vec<(String, EngineStats)>) -> io::Result<()> {
    let wanted = request_line(&mut client)?;
    let mut words = wanted.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = path.split('?').next().unwrap_or_default();
    let (status, body) = match (method, path) {
        ("GET" | "HEAD", "/metrics") => ("200 OK", page(&engines())),
        ("GET" | "HEAD", _) => ("404 Not Found", "the numbers are at /metrics\n".into()),
        _ => ("405 Method Not Allowed", "only GET is known\n".into()),
    };
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    client.set_write_timeout(Some(PATIENCE))?;
    client.write_all(head.as_bytes())?;
    if method != "HEAD" {
        client.write_all(body.as_bytes())?;
    }
    client.flush()
}

/// The first line of a request, all of which is read.
fn request_line(client: &mut TcpStream) -> io::Result<String> {
    let (until, mut read, mut piece) = (Instant::now() + PATIENCE, Vec::new(), [0; 1024]);
    while !read.windows(4).any(|end| end == b"\r\n\r\n") {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || read.len() > REQUEST {
            return Err(io::ErrorKind::TimedOut.into());
        }
        client.set_read_timeout(Some(left))?;
        match client.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => read.extend_from_slice(&piece[..count]),
        }
    }
    let text = String::from_utf8_lossy(&read);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engines() -> Vec<(String, EngineStats)> {
        let mut stats = EngineStats {
            steps: 20,
            step_seconds: 1.5,
            prompt_tokens: 1000,
            cached_tokens: 750,
            mask_seconds: 0.25,
            slots: 64,
            ..EngineStats::default()
        };
        for millis in [1, 2, 3, 1000] {
            stats.queue.note(Duration::from_millis(millis));
        }
        vec![("say \"hi\"".into(), stats), ("other".into(), EngineStats::default())]
    }

    fn asked(server: &Server, request: &[u8]) -> String {
        let mut client = TcpStream::connect(server.address()).unwrap();
        client.write_all(request).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn every_number_has_its_kind_and_one_line_for_each_model() {
        let page = page(&engines());
        let model = r#"model="say \"hi\"""#;
        for line in [
            "# TYPE sgl_steps_total counter".to_string(),
            format!("sgl_steps_total{{{model}}} 20"),
            "sgl_steps_total{model=\"other\"} 0".into(),
            format!("sgl_mask_seconds_total{{{model}}} 0.25"),
            format!("sgl_hit_rate{{{model}}} 0.75"),
            "# TYPE sgl_kv_slots gauge".into(),
            format!("sgl_queue_seconds_bucket{{{model},le=\"0.002048\"}} 2"),
            format!("sgl_queue_seconds_bucket{{{model},le=\"+Inf\"}} 4"),
            format!("sgl_queue_seconds_sum{{{model}}} 1.006"),
            format!("sgl_queue_seconds_count{{{model}}} 4"),
        ] {
            assert!(page.lines().any(|found| found == line), "no {line} in\n{page}");
        }
        for (name, kind) in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')) {
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
        }
    }

    #[test]
    fn whoever_asks_for_anything_else_or_nothing_is_told_so_and_others_are_served() {
        let server = Server::start(([127, 0, 0, 1], 0).into(), engines).unwrap();
        assert!(asked(&server, b"GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
        assert!(asked(&server, b"POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
        drop(TcpStream::connect(server.address()).unwrap());
        let long = [b"GET /metrics HTTP/1.1\r\nX: ".as_slice(), &[b'x'; 2 * REQUEST]].concat();
        let mut rude = TcpStream::connect(server.address()).unwrap();
        let _ = rude.write_all(&long);
        let found = asked(&server, b"GET /metrics?now HTTP/1.1\r\nHost: here\r\n\r\n");
        let (head, body) = found.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"), "{head}");
        assert_eq!(body, page(&engines()));
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        let address = server.address();
        drop(server);
        assert!(TcpListener::bind(address).is_ok(), "nobody listens any more");
    }
}
