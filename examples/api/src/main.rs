//! The API of orders as a program.

use std::io::Write as _;
use std::process::ExitCode;

use jeton_example_api::{AUDIENCE, router};
use jeton_verify::Verifier;
use serde_json::Value;
use tokio::net::TcpListener;

const USAGE: &str = "\
Usage: example-api ISSUER CLIENT_FILE LISTEN

  ISSUER       where Jeton is, as http://127.0.0.1:8420
  CLIENT_FILE  what `jeton client create --name orders-api --audience https://orders.example --may-introspect --json` printed
  LISTEN       the address to listen on, as 127.0.0.1:8421";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            let _ = writeln!(std::io::stderr(), "{sentence}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [issuer, client_file, listen] = arguments.as_slice() else { return Err(USAGE.to_owned()) };
    let (client_id, client_secret) = client(client_file)?;
    let verifier = Verifier::builder(issuer, AUDIENCE).client(client_id, client_secret).start().await;
    let verifier = verifier.map_err(|error| format!("tokens cannot be checked: {error}"))?;
    let listener = TcpListener::bind(listen).await.map_err(|error| format!("{listen} cannot be listened on: {error}"))?;
    let _ = writeln!(std::io::stdout(), "example-api listens on http://{listen}");
    let stopped = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, router(&verifier)).with_graceful_shutdown(stopped).await.map_err(|error| error.to_string())?;
    // What was used in the last seconds is told too.
    verifier.report().await;
    Ok(())
}

/// The id and the secret, which stay in a file: arguments are seen by everybody on the machine.
fn client(file: &str) -> Result<(String, String), String> {
    let text = std::fs::read(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
    let value: Value = serde_json::from_slice(&text).map_err(|_| format!("{file} is no JSON"))?;
    let member = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("{file} has no `{name}`"));
    Ok((member("client_id")?, member("client_secret")?))
}
