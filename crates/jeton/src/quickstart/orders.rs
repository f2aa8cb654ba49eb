//! The example API: orders, protected by `jeton-verify`.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::{get, post};
use jeton_token::Secret;
use jeton_verify::Verifier;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The audience of orders.
pub(super) const AUDIENCE: &str = "https://orders.example";
/// The audience of a corner of it whose tokens live for one second.
pub(super) const BRIEF_AUDIENCE: &str = "https://orders.example/brief";

/// Takes the address, or any other that is free: nobody relies on this one.
///
/// # Errors
/// In words for people.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    let taken = match TcpListener::bind(address).await {
        Ok(listener) => return Ok(listener),
        Err(error) => error,
    };
    let any = SocketAddr::new(address.ip(), 0);
    TcpListener::bind(any).await.map_err(|_| format!("the example API cannot listen on {address}: {taken}: stop what holds it"))
}

/// Serves the API: reading and writing orders, and a corner for tokens that expire at once.
pub(super) async fn serve(issuer: &str, (client, secret): (&str, &Secret), listener: TcpListener) -> Result<JoinHandle<()>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("the example API cannot check tokens: {error}");
    let start = async |audience: &str| {
        // A token that lives for one second is to be refused soon after, not at the end of the usual leeway.
        let verifier = Verifier::builder(issuer, audience).client(client, secret.clone()).leeway_seconds(1);
        verifier.start().await.map_err(|error| failed(&error))
    };
    let (orders, brief) = (start(AUDIENCE).await?, start(BRIEF_AUDIENCE).await?);

    let read = Router::new().route("/orders", get(async || r#"[{"order":1,"item":"tea"}]"#)).layer(orders.layer().require("orders:read"));
    let write = Router::new().route("/orders", post(async || r#"{"order":2}"#)).layer(orders.layer().require("orders:write"));
    let brief = Router::new().route("/brief", get(async || r#"{"brief":true}"#)).layer(brief.layer().require("orders:read"));
    let api = read.merge(write).merge(brief);

    Ok(tokio::spawn(async move {
        let _ = axum::serve(listener, api).await;
    }))
}
