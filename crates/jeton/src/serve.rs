//! `jeton serve`: the parts put together, the listeners, the schedules, and the end in order.

use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use jeton_backup::unshipped::Unshipped;
use jeton_core::id::Actor;
use jeton_core::root_key::RootKeys;
use jeton_http::api::{self, Management, Place, RootFile};
use jeton_http::edge::{self, Draining, Limits, Tls, TlsListener};
use jeton_http::observe::{AccessLog, Observer, Requests};
use jeton_http::router;
use jeton_service::moments::Moments;
use jeton_service::ownership::Owner;
use jeton_service::{Parts, Service};
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, Store, Subscriber};
use jeton_store_sqlite::{Options, SqliteStore, Unopened};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::access_log;
use crate::apart;
use crate::backup::{Backups, Heard, check_trial, ship_nowhere};
use crate::beginning;
use crate::certificates::Kept;
use crate::clock::{Clock, uptime, uptime_micros};
use crate::config::Config;
use crate::dice::{Dice, seed};
use crate::footing::{Footing, Held};
use crate::integrity::StoreIntegrity;
use crate::kept_database;
use crate::logouts;
use crate::mail;
use crate::negatives_file;
use crate::opening::Opening;
use crate::passwords;
use crate::patience;
use crate::process;
use crate::root_file;
use crate::schedules;
use crate::served_certificate::Served;
use crate::supervised::Hears;
use crate::surroundings;
use crate::writable;

/// How many proven credentials are kept in memory: a bound of entries, not of bytes. An opaque token with a scope of 24 bytes takes 301
/// bytes, measured over a full cache: 15 MB. A longer scope comes on top, 4,096 bytes of it at most: 200 MB more if all were of that kind.
const CACHED_CREDENTIALS: usize = 50_000;

/// How much of a body the listeners take: the routes allow less, but for the one where leaked credentials are handed in, and say so as problems
/// of the API (RFC 9457), which the edge does not know.
const MANAGEMENT_BODY_BYTES: u64 = 1024 * 1024;

/// With how many uses that wait an end says first that it writes them.
const TOLD_OF_WAITING: usize = 4_096;

/// A server that runs.
pub(crate) struct Running {
    /// The service.
    pub(crate) service: Arc<Service>,
    /// Its store, to look over.
    pub(crate) store: Arc<SqliteStore>,
    draining: Draining,
    listeners: Vec<JoinHandle<()>>,
    jobs: Vec<JoinHandle<()>>,
    usage: schedules::Ending,
    data: PathBuf,
    footing: Arc<Footing>,
    access_log: Option<access_log::Writer>,
    backups: Option<Arc<Backups>>,
}

/// What whoever starts a server says to be right, though it looks otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Agreed {
    /// `--accept-clock`.
    pub(crate) clock: bool,
    /// `--new-backup-target`.
    pub(crate) new_backup_target: bool,
    /// `--put-back`.
    pub(crate) put_back: bool,
    /// `--new-deployment`.
    pub(crate) new_deployment: bool,
}

/// Runs until a signal to stop; requests that are on their way finish.
///
/// # Errors
/// In words for people.
pub(crate) fn run(config: &Config, agreed: Agreed) -> Result<(), String> {
    runtime()?.block_on(async {
        let listener = listen(config)?;
        let running = start(config, listener, agreed).await?;
        // Heard from before the first word on: whoever reads it may stop the server at once.
        let stop = stop_signal()?;
        tracing::info!(issuer = running.service.issuer().as_str(), listen = %config.listen, data = %config.data.display(), "jeton serves");
        if config.backup.is_trial {
            tracing::warn!(
                "this is a trial: nothing of what is done is in any backup, and a restore of the one that it was made of would not miss it"
            );
        }
        let stopped = stop.await;
        tracing::info!(signal = stopped, "jeton stops: requests on their way finish");
        running.stop().await
    })
}

/// One reactor for each core: a lone one needs no work-stealing.
///
/// # Errors
/// When the system gives no threads.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut builder = if cores == 1 { tokio::runtime::Builder::new_current_thread() } else { tokio::runtime::Builder::new_multi_thread() };
    builder.enable_all().build().map_err(|error| format!("the reactor cannot start: {error}"))
}

/// Takes the address.
///
/// # Errors
/// In words for people.
pub(crate) fn listen(config: &Config) -> Result<TcpListener, String> {
    edge::listen_tcp(config.listen).map_err(|error| {
        let data = config.data.display();
        // Another address would not help: one folder, one server.
        if UnixStream::connect(socket(&config.data)).is_ok() {
            return format!(
                "{data} is open in another process: a server answers at {}\n  → stop that one first",
                socket(&config.data).display()
            );
        }
        format!("{} cannot be listened on: {error}\n  → stop what holds it, or choose another with --listen", config.listen)
    })
}

/// Takes an address beside the public one, where the configuration names it by this key.
fn listen_beside(address: Option<SocketAddr>, key: &str) -> Result<Option<TcpListener>, String> {
    let Some(address) = address else { return Ok(None) };
    let failed = |error| format!("{address} cannot be listened on: {error}\n  → stop what holds it, or choose another as `{key}`");
    edge::listen_tcp(address).map(Some).map_err(failed)
}

/// Starts everything on a listener.
///
/// # Errors
/// In words for people; nothing runs then.
pub(crate) async fn start(config: &Config, listener: TcpListener, agreed: Agreed) -> Result<Running, String> {
    if let Err(error) = edge::raise_open_file_limit() {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
    // A core would hold every secret that is in memory.
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "a crash may leave a core with secrets behind: run under `ulimit -c 0`");
    }
    apart::check(&config.root_key_file, &config.data)?;
    writable::check(&config.data, &config.file)?;
    root_file::look_for(&config.root_key_file, &config.data)?;
    beginning::check(config, agreed.new_deployment).await?;
    let root_keys = root_file::read(&config.root_key_file)?;
    let files = config.tls.clone().map(Kept::open).transpose().map_err(|problem| problem.to_string())?;
    let clock = Arc::new(Clock::start());
    let draining = Draining::new();
    let (footing, held) = Footing::new(draining.clone());
    let footing = Arc::new(footing);
    let unshipped = Arc::new(Unshipped::default());
    let (service, store) = open_service(config, root_keys, &clock, footing.clone(), unshipped.clone())?;
    let mut moments = service.moments().now();
    // Whose the folder is was asked before it was opened. First keys are not made by a clock that is not believed.
    if agreed.clock {
        service.accept_clock(&Actor::system(), &moments.split()).await.map_err(|error| error.to_string())?;
    }
    if agreed.put_back {
        service.go_on_put_back(&Actor::system(), &moments.split()).await.map_err(|error| error.to_string())?;
    }
    service.set_up(&moments.split()).await.map_err(|error| error.to_string())?;
    beginning::is_over(&config.data);
    let backups = Backups::new(config, &service, unshipped, footing.clone())?;
    match &backups {
        Some(backups) => {
            if agreed.new_backup_target {
                backups.begin_target_anew();
            }
            backups.begin().await?;
        }
        None if config.backup.is_trial => check_trial(&config.data)?,
        None => ship_nowhere(config, &service, agreed.new_backup_target).await?,
    }
    let certificate = Served::open(config, files, &service, &draining).await?;
    let tls = certificate.tls().cloned();
    let (observer, access_log) = observer(config, (&service, &clock), tls.clone(), backups.clone())?;
    let mail = mail::open(config, &service).await?;
    let serving = Serving { config, tls: tls.as_ref(), draining: &draining, held: &held };
    let management = management((service.clone(), store.clone()), config, observer, backups.clone());
    let listeners = serving.begin(listener, management)?;
    let hears: Hears = {
        let footing = footing.clone();
        Arc::new(move |work: &str, how: &str| footing.lose_work(work, how))
    };
    let (mut jobs, usage) = (schedules::begin(&service, &clock, &hears), schedules::keep_usage(&service));
    jobs.push(certificate.watch());
    jobs.push(kept_database::begin(&service, &config.data));
    jobs.push(logouts::begin(&service, &config.data, &hears));
    jobs.extend(mail.into_iter().flat_map(|mail| mail.begin(&service, &hears)));
    if let Some(backups) = &backups {
        jobs.extend(backups.begin_jobs(&hears));
    }
    Ok(Running { service, store, draining, listeners, jobs, usage, data: config.data.clone(), footing, access_log, backups })
}

impl Running {
    /// Stops accepting, lets requests finish, and ends the schedules.
    ///
    /// # Errors
    /// When the store lost its footing meanwhile.
    pub(crate) async fn stop(mut self) -> Result<(), String> {
        self.draining.begin();
        if let Some(backups) = &self.backups {
            backups.begin_to_end();
        }
        for listener in std::mem::take(&mut self.listeners) {
            let _ = listener.await;
        }
        self.service.begin_to_end();
        for job in std::mem::take(&mut self.jobs) {
            job.abort();
            let _ = job.await;
        }
        self.end_what_was_handed_in().await;
        // What a turn took in hand and did not write yet would be lost, and nobody would know.
        if self.usage.end(patience::TURN).await {
            end_usage(&self.service).await;
        } else {
            tracing::warn!("usage could not be written: {LAST_USES_LOST}");
        }
        if let Some(backups) = &self.backups {
            backups.ship_last().await;
        }
        // What waits is written.
        drop(self.access_log.take());
        let _ = fs::remove_file(socket(&self.data));
        self.leave_negatives();
        if self.footing.is_lost() { Err("the server lost what it stands on: see the log".into()) } else { Ok(()) }
    }

    /// What was handed in as leaked was promised to be looked at, and waits in memory alone.
    async fn end_what_was_handed_in(&self) {
        let worked_off = tokio::time::timeout(patience::HANDED_IN, self.service.work_off_reports()).await;
        if let Ok(Err(error)) = &worked_off {
            tracing::error!(%error, "a credential that was handed in could not be ended");
        }
        let lost = self.service.waiting_reports();
        if lost > 0 {
            tracing::error!(lost, "credentials that were handed in as leaked were not looked at: have them handed in again");
        }
    }

    /// Leaves the negatives behind for the next start, which is the quicker for it.
    fn leave_negatives(&self) {
        let Some(image) = self.service.negatives_image(&self.service.moments().now()) else { return };
        if let Err(error) = negatives_file::write(&self.data, &image) {
            tracing::warn!(%error, "the next start reads each revocation: no image of them could be left for it");
        }
    }
}

const LAST_USES_LOST: &str = "the last uses of credentials were not kept: idle times begin anew with the next start";

/// What was counted is written until nothing waits; what is not written makes nobody idle, and the next start knows of it.
async fn end_usage(service: &Service) {
    let waiting = service.unwritten_uses();
    if waiting >= TOLD_OF_WAITING {
        tracing::info!(waiting, "when credentials were last used is still to be written: that takes some seconds");
    }
    match tokio::time::timeout(patience::USAGE, service.end_usage()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, waiting = service.unwritten_uses(), "{LAST_USES_LOST}"),
        Err(_) => tracing::warn!(waiting = service.unwritten_uses(), "{LAST_USES_LOST}"),
    }
}

fn socket(data: &Path) -> PathBuf {
    data.join("jeton.sock")
}

fn open_service(
    config: &Config,
    root_keys: RootKeys,
    clock: &Arc<Clock>,
    footing: Arc<Footing>,
    unshipped: Arc<Unshipped>,
) -> Result<(Arc<Service>, Arc<SqliteStore>), String> {
    let looked_at = look_with(config, &root_keys)?;
    let (reading, dice) = (clock.clone(), Dice::default());
    let parts = Parts {
        issuer: config.issuer.clone(),
        prefix: config.token_prefix,
        root_keys,
        moments: Moments::new(move || reading.now(), move || dice.seed()).with_timer(|duration| Box::pin(tokio::time::sleep(duration))),
        spawn: Some(Arc::new(|future| {
            tokio::spawn(future);
        })),
        cached_credentials: CACHED_CREDENTIALS,
        negatives_image: negatives_file::read(&config.data),
        on_lost: Box::new(move |fault: &Fault| footing.lose(fault)),
    };
    let mut opened = None;
    let service = Service::open::<Opening>(parts, |service| {
        let is_shipped = config.backup.place.is_some();
        let subscriber = if is_shipped { Arc::new(Heard { service, unshipped }) as Arc<dyn Subscriber> } else { service };
        let store = SqliteStore::open_after_look(looked_at, subscriber)?;
        opened = Some(store.clone());
        Ok(store as Arc<dyn Store>)
    })
    .map_err(|error| error.0)?;
    let store = opened.ok_or("the store was not opened")?;
    service.hash_passwords_by(Arc::new(passwords::begin(
        service.password_cost().map_err(|fault| fault.to_string())?,
        config.password_list_file.as_deref(),
    )?));
    if !config.observing.counts_usage {
        service.count_no_usage();
    }
    Ok((Arc::new(service), store))
}

/// Whether a server would open the data folder with this configuration and root key, and the version of its tables where it is an older
/// one. Nothing is written.
///
/// # Errors
/// In words for people.
pub(crate) fn look(config: &Config, root_keys: RootKeys) -> Result<Option<u32>, String> {
    look_with(config, &root_keys).map(|looked_at| looked_at.older_version())
}

fn look_with(config: &Config, root_keys: &RootKeys) -> Result<Unopened, String> {
    let looked_at = Unopened::look(Options { uptime, ..Options::new(&config.data, &SCHEMA, seed()) }).map_err(|error| error.to_string())?;
    if let Some(view) = looked_at.view() {
        let owner = Owner { issuer: &config.issuer, prefix: config.token_prefix, root_keys };
        owner.check(view).map_err(|error| error.to_string())?;
    }
    Ok(looked_at)
}

fn observer(
    config: &Config,
    (service, clock): (&Arc<Service>, &Arc<Clock>),
    tls: Option<Tls>,
    backups: Option<Arc<Backups>>,
) -> Result<(Arc<Observer>, Option<access_log::Writer>), String> {
    let (observing, began) = (&config.observing, clock.now());
    let mut observer = Observer {
        access_log: None,
        addresses: observing.addresses,
        proxies: observing.proxies.clone(),
        requests: Arc::new(Requests::timed_by(uptime_micros)),
        tls,
        process: Some(Arc::new(move || process::look(began))),
        backups: backups.map(|backups| Arc::new(move || backups.figures()) as _),
    };
    let Some(path) = &observing.access_log else { return Ok((Arc::new(observer), None)) };
    let (service, clock) = (service.clone(), clock.clone());
    let may_destroy = move || service.posture().may_destroy(service.moments().time());
    let (lines, writer) = access_log::start(path.clone(), observing.kept, move || clock.now(), may_destroy)?;
    observer.access_log = Some(lines as Arc<dyn AccessLog>);
    Ok((Arc::new(observer), Some(writer)))
}

fn management(
    (service, store): (Arc<Service>, Arc<SqliteStore>),
    config: &Config,
    observer: Arc<Observer>,
    backups: Option<Arc<Backups>>,
) -> Management {
    let (path, around, tls) = (config.root_key_file.clone(), config.clone(), observer.tls.clone());
    let (seen, access_log) = (backups.clone(), observer.access_log.clone());
    let look = move || {
        let dropped = access_log.as_ref().map(|log| log.dropped());
        surroundings::look(&around, tls.as_ref(), dropped, seen.as_ref().map(|backups| backups.seen()))
    };
    Management {
        service: service.clone(),
        owner_uid: rustix::process::geteuid().as_raw(),
        root_file: Arc::new(RootFile::new(&config.root_key_file, move |held| root_file::add_epoch(&path, held, Zeroizing::new(seed())))),
        integrity: Arc::new(StoreIntegrity { service, store }),
        surroundings: Arc::new(look),
        backups: backups.map(|backups| backups as _),
        observer,
    }
}

fn listen_on_socket(path: &Path) -> Result<UnixListener, String> {
    let shown = path.display();
    // The store's lock is ours by now: a socket that is left over is nobody's.
    let _ = fs::remove_file(path);
    let listener = UnixListener::bind(path).map_err(|error| format!("the socket {shown} cannot be made: {error}"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .map_err(|error| format!("the socket {shown} cannot be closed to others: {error}"))?;
    Ok(listener)
}

/// What every listener is begun with.
struct Serving<'a> {
    config: &'a Config,
    tls: Option<&'a Tls>,
    draining: &'a Draining,
    held: &'a Held,
}

impl Serving<'_> {
    /// Begins to serve on the public listener, the socket, and those that the configuration names. All are taken before the first is served.
    fn begin(&self, public: TcpListener, management: Management) -> Result<Vec<JoinHandle<()>>, String> {
        let metrics = listen_beside(self.config.metrics_listen, "metrics_listen")?;
        let admin = listen_beside(self.config.admin_listen, "admin_listen")?;
        let socket = listen_on_socket(&socket(&self.config.data))?;
        let limits = Limits { connections: self.config.connections_max, ..Limits::default() };
        let managing = Limits { body_bytes: MANAGEMENT_BODY_BYTES, ..limits.clone() };
        // Who administers from elsewhere has one door.
        let place = if admin.is_some() { Place::Public } else { Place::Shared };
        let mut tasks = vec![
            self.spawn(public, router::public(management.clone(), place, self.draining.clone()), managing.clone()),
            spawn_listener(
                edge::serve(socket, api::routes(management.clone(), Place::Socket), managing.clone(), self.draining.clone()),
                self.held.clone(),
            ),
        ];
        if let Some(listener) = metrics {
            let routes = jeton_http::metrics::routes(management.service.clone(), management.observer.clone());
            tasks.push(self.spawn(listener, routes, limits));
        }
        if let Some(listener) = admin {
            tasks.push(self.spawn(listener, api::routes(management, Place::Admin), managing));
        }
        Ok(tasks)
    }

    /// A TCP listener speaks TLS where there is a certificate.
    fn spawn(&self, listener: TcpListener, router: Router, limits: Limits) -> JoinHandle<()> {
        let (draining, held) = (self.draining.clone(), self.held.clone());
        match self.tls {
            Some(tls) => spawn_listener(edge::serve(TlsListener::new(listener, tls.clone()), router, limits, draining), held),
            None => spawn_listener(edge::serve(listener, router, limits, draining), held),
        }
    }
}

fn spawn_listener(serving: impl Future<Output = edge::Drained> + Send + 'static, held: Held) -> JoinHandle<()> {
    tokio::spawn(async move {
        let drained = serving.await;
        drop(held);
        if drained.aborted > 0 {
            tracing::warn!(aborted = drained.aborted, "connections did not finish in time");
        }
    })
}

/// Listens for the signal to stop from now on; what is returned waits for it, and names it.
///
/// # Errors
/// When signals cannot be heard.
pub(crate) fn stop_signal() -> Result<impl Future<Output = &'static str>, String> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error: std::io::Error| format!("signals cannot be heard: {error}");
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}
