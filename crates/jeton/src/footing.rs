//! What the server stands on: its store, and the work beside the requests. When it is lost, whoever waits gets an answer, and the process
//! ends.

use std::convert::Infallible;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jeton_http::edge::Draining;
use jeton_store::store::Fault;

/// How long the last answers may take on their way out.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// The footing of a server.
pub(crate) struct Footing {
    is_lost: AtomicBool,
    draining: Draining,
    listeners: Mutex<Option<Receiver<Infallible>>>,
}

/// Held as long as a listener has answers on their way.
pub(crate) type Held = Sender<Infallible>;

impl Footing {
    /// Of a server that ends its listeners by `draining`; each of them holds what is returned.
    pub(crate) fn new(draining: Draining) -> (Footing, Held) {
        let (held, listeners) = channel();
        (Footing { is_lost: AtomicBool::new(false), draining, listeners: Mutex::new(Some(listeners)) }, held)
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Acquire)
    }

    /// What is on the disk is not known, or not what is in memory. The engine has answered whoever waited: the reactor sends these answers,
    /// takes no new connection, and the process ends with 3. In a thread of its own: the reactor may be what stands still.
    pub(crate) fn lose(&self, fault: &Fault) {
        if !self.is_lost.swap(true, Ordering::AcqRel) {
            tracing::error!(%fault, "the store lost its footing: the process ends, and a start recovers from what is on the disk");
            self.end();
        }
    }

    /// Work that goes on as long as the server does came to an end: without it the server would promise what nobody does any more.
    pub(crate) fn lose_work(&self, work: &str, how: &str) {
        if !self.is_lost.swap(true, Ordering::AcqRel) {
            tracing::error!(
                work,
                how,
                "work that goes on as long as the server came to an end: the process ends, and is to be started again"
            );
            self.end();
        }
    }

    fn end(&self) {
        self.draining.begin();
        let listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner).take();
        let end = move || {
            // Nothing is ever sent: it ends with the last listener.
            let _ = listeners.map(|listeners| listeners.recv_timeout(LAST_ANSWERS));
            process::exit(3);
        };
        if thread::Builder::new().name("jeton-end".into()).spawn(end).is_err() {
            process::exit(3);
        }
    }
}
