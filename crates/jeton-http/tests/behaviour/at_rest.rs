//! F17: no secret of a busy run is in the store in clear, nor in the ledger.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jeton_core::record::Value;
use jeton_core::schema::TABLES;
use jeton_jose::Algorithm;
use jeton_testkit::World;
use jeton_testkit::world::manage::administrator;

/// Every value that the store holds.
pub(super) fn stored(world: &World) -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    let view = world.service().store().view().unwrap();
    for table in TABLES {
        let mut keep = |value: &Value| values.push(value.as_bytes().map_or_else(|| format!("{value:?}").into_bytes(), <[u8]>::to_vec));
        view.scan(table, &mut |row| {
            row.record.iter().for_each(&mut keep);
            true
        })
        .unwrap();
    }
    let entries = world.service().entries(0, 1_000).unwrap();
    values.extend(entries.into_iter().filter_map(|entry| Some(entry.content?.payload)));
    values
}

fn spellings(secret: &[u8]) -> [Vec<u8>; 4] {
    let hexadecimal: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    [secret.to_vec(), STANDARD.encode(secret).into_bytes(), URL_SAFE_NO_PAD.encode(secret).into_bytes(), hexadecimal.into_bytes()]
}

pub(super) fn holds(values: &[Vec<u8>], secret: &[u8]) -> bool {
    let mut wanted = spellings(secret).to_vec();
    wanted.iter_mut().for_each(|spelling| spelling.truncate(spelling.len() - spelling.len() % 4));
    values.iter().any(|value| wanted.iter().any(|wanted| value.windows(wanted.len()).any(|window| window == wanted)))
}

#[tokio::test]
async fn no_secret_is_stored_in_clear() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let worker = world.client("worker", &[&orders, &stock]).await;
    let mut secrets: Vec<Vec<u8>> = vec![worker.secret.clone().into_bytes()];
    for resource in ["https://orders.example", "https://stock.example"] {
        for _ in 0..5 {
            let token = world.token_with(&worker, &[("resource", resource)]).await;
            world.introspect(&worker, &token).await;
            world.revoke(&worker, &token).await;
            let secret = token.rsplit(if token.contains('.') { '.' } else { '_' }).next().unwrap();
            secrets.push(secret.as_bytes().to_vec());
        }
    }
    secrets.push(world.stolen_key(Algorithm::Es256).to_private_bytes().unwrap().to_vec());
    let stored_values = stored(&world);
    for secret in &secrets {
        assert!(secret.len() >= 32, "{}", String::from_utf8_lossy(secret));
        assert!(!holds(&stored_values, secret), "{}", String::from_utf8_lossy(secret));
    }
    // The search finds what is there: most of a secret that somebody takes for a name. All of it no name takes.
    let most = &worker.secret[1..];
    world.api_with("planted", |request| request.name = Some(most.to_owned())).await;
    assert!(holds(&stored(&world), most.as_bytes()));
    // It reads the ledger too: who did it stands there and in no row.
    assert!(holds(&stored(&world), administrator().as_str().as_bytes()));
}

#[tokio::test]
async fn nothing_prints_a_secret() {
    let world = World::new().await;
    let stock = world.opaque_api("stock").await;
    let picker = world.client("picker", &[&stock]).await;
    let request = jeton_core::client::secret::CreateSecret::default();
    let created = world.service().create_client_secret(&picker.id, request, &administrator(), &world.moment()).await.unwrap();
    let shown = format!("{created:?} {:?}", world.service().find_client(&picker.id).unwrap().secrets.len());
    assert!(!shown.contains(created.clear.0.expose()), "{shown}");
}
