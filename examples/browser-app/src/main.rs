//! The application as a program.

use std::io::Write as _;
use std::process::ExitCode;

use jeton_example_browser_app::{Settings, router};
use serde_json::Value;
use tokio::net::TcpListener;

const USAGE: &str = "\
Usage: example-browser-app ISSUER CLIENT_FILE API HOME LISTEN

  ISSUER       where Jeton is, as http://127.0.0.1:8420
  CLIENT_FILE  what `jeton client create --name shop … --json` printed
  API          where the API is, as http://127.0.0.1:8421
  HOME         where browsers find this application, as http://127.0.0.1:8422; elsewhere https, by what ends TLS before it
  LISTEN       the address to listen on, as 127.0.0.1:8422";

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
    let [issuer, client_file, api, home, listen] = arguments.as_slice() else { return Err(USAGE.to_owned()) };
    let (client_id, client_secret) = client(client_file)?;
    let settings =
        Settings { issuer: issuer.clone(), client_id, client_secret: client_secret.into(), home: home.clone(), api: api.clone() };
    let router = router(settings).await?;
    let listener = TcpListener::bind(listen).await.map_err(|error| format!("{listen} cannot be listened on: {error}"))?;
    let _ = writeln!(std::io::stdout(), "example-browser-app listens on http://{listen}");
    axum::serve(listener, router).await.map_err(|error| error.to_string())
}

/// The id and the secret, which stay in a file: arguments are seen by everybody on the machine.
fn client(file: &str) -> Result<(String, String), String> {
    let text = std::fs::read(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
    let value: Value = serde_json::from_slice(&text).map_err(|_| format!("{file} is no JSON"))?;
    let member = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("{file} has no `{name}`"));
    Ok((member("client_id")?, member("client_secret")?))
}
