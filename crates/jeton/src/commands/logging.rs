use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Lets the log go to standard error: as JSON lines, or as text for people. `JETON_LOG` filters it, such as `info` or `jeton_http=debug`.
pub(crate) fn start(is_json: bool) {
    let filter = EnvFilter::try_from_env("JETON_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_span_events(FmtSpan::NONE);
    // A second start in one process keeps the first.
    let _ = if is_json { builder.json().try_init() } else { builder.try_init() };
}
