//! `http.…`: a request in, the server's answer out. Every server on the way is asked about, those of redirects too.

use std::time::Duration;

use indexmap::IndexMap;
use sgl_diag::plain;
use sgl_host::{Fault, Value};
use ureq::http::{HeaderMap, Method, Request, Uri};

use crate::permissions::Permissions;
use crate::{MAX_BYTES, failed, files};

/// The longest that a request may take, redirects not counted.
const TIMEOUT: Duration = Duration::from_secs(60);

const MAX_REDIRECTS: usize = 8;

/// What a program asks for.
pub(crate) struct Asked {
    pub url: String,
    /// Of a `post`.
    pub body: Option<String>,
    pub headers: Vec<(String, String)>,
}

/// Sends the request and follows redirects, as long as the answer is wanted. Blocks.
pub(crate) fn request(permissions: &Permissions, asked: Asked, is_wanted: impl Fn() -> bool) -> Result<Value, Fault> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(TIMEOUT))
        .user_agent(concat!("sgl/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let Asked { url, mut body, mut headers } = asked;
    let mut uri = parse(&url)?;
    for _ in 0..=MAX_REDIRECTS {
        if !is_wanted() {
            return Err(failed("nobody waits for the answer any more"));
        }
        let (host, port, usual) = server(&uri)?;
        permissions.server(&host, port, usual)?;
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder().method(method).uri(uri.clone());
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        let wrong = |error: ureq::http::Error| failed(format!("this is no request that can be sent: {error}"));
        let cannot = |error: ureq::Error| failed(format!("`{host}` does not answer: {}", said(&error)));
        let mut answer = match &body {
            Some(body) => agent.run(request.body(body.as_str()).map_err(wrong)?).map_err(cannot)?,
            None => agent.run(request.body(()).map_err(wrong)?).map_err(cannot)?,
        };
        let status = answer.status().as_u16();
        let Some(next) = redirect(&uri, status, answer.headers())? else {
            let bytes = answer.body_mut().with_config().limit(MAX_BYTES + 1).read_to_vec().map_err(cannot)?;
            let text = files::text(bytes, &uri.to_string())?;
            return record(status, text, answer.headers());
        };
        if !matches!(status, 307 | 308) {
            body = None;
        }
        // What a program tells one server is not for another.
        if server(&next)? != (host, port, usual) {
            headers.retain(|(name, _)| !["authorization", "cookie"].contains(&name.to_ascii_lowercase().as_str()));
        }
        uri = next;
    }
    Err(failed(format!("`{url}` leads from server to server, more than {MAX_REDIRECTS} times")))
}

/// Why a request came to nothing, in plain words.
pub fn said(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => plain::io(error),
        ureq::Error::HostNotFound => "no server has this name".into(),
        ureq::Error::Timeout(_) => "it took too long".into(),
        ureq::Error::ConnectionFailed => "there is no connection to it".into(),
        other => other.to_string(),
    }
}

pub(crate) fn parse(url: &str) -> Result<Uri, Fault> {
    url.parse::<Uri>().map_err(|error| failed(format!("{url:?} is not an address: {error}")))
}

/// Host and port of an address, and whether the port is the usual one.
pub(crate) fn server(uri: &Uri) -> Result<(String, u16, bool), Fault> {
    let usual = match uri.scheme_str() {
        Some("https") => 443,
        Some("http") => 80,
        _ => return Err(failed(format!("`{uri}` is not an address that begins with https:// or http://"))),
    };
    match uri.host() {
        Some(host) if !host.is_empty() => {
            let port = uri.port_u16().unwrap_or(usual);
            Ok((host.to_ascii_lowercase(), port, port == usual))
        }
        _ => Err(failed(format!("`{uri}` names no server"))),
    }
}

/// Where an answer sends to.
fn redirect(from: &Uri, status: u16, headers: &HeaderMap) -> Result<Option<Uri>, Fault> {
    let location = headers.get("location").and_then(|location| location.to_str().ok());
    let (301 | 302 | 303 | 307 | 308, Some(location)) = (status, location) else { return Ok(None) };
    let (scheme, authority) = (from.scheme_str().unwrap_or("https"), from.authority().map_or("", |a| a.as_str()));
    let absolute = match location {
        _ if location.contains("://") => location.to_string(),
        _ if location.starts_with("//") => format!("{scheme}:{location}"),
        _ if location.starts_with('/') => format!("{scheme}://{authority}{location}"),
        _ => {
            let dir = from.path().rsplit_once('/').map_or("", |(dir, _)| dir);
            format!("{scheme}://{authority}{dir}/{location}")
        }
    };
    parse(&absolute).map(Some)
}

fn record(status: u16, body: Value, headers: &HeaderMap) -> Result<Value, Fault> {
    let mut named: IndexMap<std::sync::Arc<str>, Value> = IndexMap::new();
    for (name, value) in headers {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        match named.get_mut(name.as_str()) {
            Some(Value::Str(before)) => *before = format!("{before}, {text}").into(),
            _ => {
                named.insert(name.as_str().into(), Value::str(text));
            }
        }
    }
    let headers = Value::map(named).map_err(|error| failed(error.to_string()))?;
    crate::outside::record([("status", Value::Int(status.into())), ("body", body), ("headers", headers)])
}
