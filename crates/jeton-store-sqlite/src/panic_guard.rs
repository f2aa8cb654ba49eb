//! A panic of one of the engine's threads: without that thread commits would wait for ever, or be acknowledged though nobody took them up.

use std::sync::Arc;
use std::thread;

use jeton_store::store::{Fault, FaultKind};

use crate::shared::Shared;

/// Ends the engine when it is dropped by a panic. What is declared before it is dropped after it: replies that it guards are lost only once
/// the engine is, and nobody looks their commits up then.
pub(crate) struct PanicGuard(Arc<Shared>);

impl PanicGuard {
    pub(crate) fn new(shared: &Arc<Shared>) -> PanicGuard {
        PanicGuard(Arc::clone(shared))
    }
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if thread::panicking() {
            let thread = thread::current();
            let name = thread.name().unwrap_or("a thread of the engine");
            self.0.lose(
                &Fault::new(FaultKind::Engine, format!("{name} panicked: what it left half done is known only after a restart")),
                Vec::new(),
            );
        }
    }
}
