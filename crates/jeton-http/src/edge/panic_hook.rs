/// Makes panics tell where they happened and nothing else; for the start of the process.
///
/// The standard hook prints the panic's payload, and a payload is formatted from values: it could carry a secret into a log.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| match panic.location() {
        Some(place) => tracing::error!(file = place.file(), line = place.line(), "panic"),
        None => tracing::error!("panic"),
    }));
}
