//! A web application that signs people in at Jeton and calls an API for them: a backend for its frontend.
//!
//! Tokens stay in this process. A browser gets a cookie that says nothing, a page, and a script that asks this server and nobody else. What to
//! read first: `sign_in.rs`, then `calls.rs`.

use std::sync::Arc;

use axum::Router;
use axum::middleware::map_response_with_state;
use axum::routing::{get, post};

mod app;
mod calls;
mod cookies;
mod edge;
mod front;
mod outgoing;
mod pages;
mod provider;
mod sessions;
mod settings;
mod sign_in;
mod sign_out;

use app::App;

pub use settings::Settings;

/// Everything that a browser may ask for.
///
/// # Errors
/// Jeton does not answer, or is another than was said; in words for people.
pub async fn router(settings: Settings) -> Result<Router, String> {
    let app = Arc::new(App::start(settings).await?);
    let router = Router::new()
        .route("/", get(front::page))
        .route("/page.js", get(front::script))
        .route("/api/orders", get(front::orders))
        .route("/payouts", post(front::pay_out))
        .route("/sign-in", get(sign_in::begin))
        .route("/callback", get(sign_in::come_back))
        .route("/sign-out", post(sign_out::sign_out));
    Ok(router.layer(map_response_with_state(app.clone(), pages::guarded)).with_state(app))
}
