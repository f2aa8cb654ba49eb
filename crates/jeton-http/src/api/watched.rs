//! Work that takes long: its progress and its result, line by line, so that nobody has to guess whether it goes on.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use serde::Serialize;
use tokio::sync::mpsc;

use super::answer::lines;
use super::problem::{Problem, ProblemKind};

/// How many lines wait for a slow reader; further progress is not told.
const LINES_WAITING: usize = 16;

/// One line.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<R> {
    Progress { done: u64, total: u64 },
    Report(R),
}

/// Starts work on a thread that may block, and answers its progress as lines `{"progress":{"done":…,"total":…}}`, at most one for each
/// hundredth, and at last `{"report":…}` or `{"problem":…}` with this hint.
pub(super) fn watched<R: Serialize + Send + 'static>(
    hint: &'static str,
    work: impl FnOnce(&mut dyn FnMut(u64, u64)) -> Result<R, String> + Send + 'static,
) -> Response {
    let (sender, receiver) = mpsc::channel::<Bytes>(LINES_WAITING);
    tokio::task::spawn_blocking(move || {
        let mut told = None;
        let result = work(&mut |done, total| {
            let hundredth = done.saturating_mul(100).checked_div(total);
            if hundredth != told {
                told = hundredth;
                let _ = sender.try_send(line(&Line::<()>::Progress { done, total }));
            }
        });
        // Nobody may be left to read it.
        let _ = sender.blocking_send(match result {
            Ok(report) => line(&Line::Report(report)),
            Err(detail) => problem(detail, hint),
        });
    });
    let frames = stream::unfold(receiver, |mut receiver| async move {
        let line = receiver.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(line)), receiver))
    });
    lines(Body::new(StreamBody::new(frames)))
}

fn line(line: &impl Serialize) -> Bytes {
    let mut bytes = serde_json::to_vec(line).unwrap_or_default();
    bytes.push(b'\n');
    Bytes::from(bytes)
}

fn problem(detail: String, hint: &'static str) -> Bytes {
    let document = Problem::new(ProblemKind::StorageFailed, detail, hint).to_json();
    Bytes::from([b"{\"problem\":".as_slice(), &document, b"}\n"].concat())
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn text(response: Response) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn progress_comes_by_hundredths_and_the_report_last() {
        let response = watched("look", |progress| {
            (0..=1_000).for_each(|done| progress(done / 500, 2));
            Ok("fine")
        });
        let lines = text(response).await;
        assert_eq!(
            lines,
            "{\"progress\":{\"done\":0,\"total\":2}}\n{\"progress\":{\"done\":1,\"total\":2}}\n{\"progress\":{\"done\":2,\"total\":2}}\n\
             {\"report\":\"fine\"}\n"
        );
    }

    #[tokio::test]
    async fn a_failure_is_a_problem() {
        let lines = text(watched::<()>("look", |_| Err("it cannot be read".to_owned()))).await;
        assert!(lines.starts_with("{\"problem\":{\"type\":\"urn:jeton:problem:storage_failed\"") && lines.ends_with("}}\n"), "{lines}");
    }
}
