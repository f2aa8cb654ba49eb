//! The example API of the tour: `examples/api`, once as it is, and once for tokens that expire at once.

use std::net::SocketAddr;

use jeton_example_api::router;
use jeton_token::Secret;
use jeton_verify::Verifier;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(super) use jeton_example_api::AUDIENCE;

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

/// Serves the API, and below `/brief` the same for tokens that expire at once.
pub(super) async fn serve(issuer: &str, (client, secret): (&str, &Secret), listener: TcpListener) -> Result<JoinHandle<()>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("the example API cannot check tokens: {error}");
    let start = async |audience: &str| {
        // A token that lives for one second is to be refused soon after, not at the end of the usual leeway.
        let verifier = Verifier::builder(issuer, audience).client(client, secret.clone()).leeway_seconds(1);
        verifier.start().await.map_err(|error| failed(&error))
    };
    let api = router(&start(AUDIENCE).await?).nest("/brief", router(&start(BRIEF_AUDIENCE).await?));
    Ok(tokio::spawn(async move {
        let _ = axum::serve(listener, api).await;
    }))
}
