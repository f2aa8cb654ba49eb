use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::limits::Limits;
use super::peer::Peer;

/// Counts the open connections of a listener and lets in no more than its limits allow.
#[derive(Debug)]
pub(super) struct Admission {
    limit: usize,
    warm: usize,
    limit_per_address: Option<usize>,
    open: AtomicUsize,
    open_per_address: Mutex<HashMap<IpAddr, usize>>,
    emptied: Notify,
}

/// The place of one open connection, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    admission: Arc<Admission>,
    address: Option<IpAddr>,
}

impl Admission {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limit: limits.connections,
            warm: limits.warm_connections,
            limit_per_address: limits.connections_per_address,
            open: AtomicUsize::new(0),
            open_per_address: Mutex::default(),
            emptied: Notify::new(),
        }
    }

    /// A place for one more connection, or `None`. Only the listener's one accept loop asks, so looking first and counting then is no race.
    pub(super) fn admit(self: &Arc<Self>, peer: Peer) -> Option<Place> {
        if self.open() >= self.limit {
            return None;
        }
        let address = match (self.limit_per_address, peer) {
            (Some(limit), Peer::Tcp(address)) => Some(self.count_address(network_of(address.ip()), limit)?),
            _ => None,
        };
        self.open.fetch_add(1, Ordering::AcqRel);
        Some(Place { admission: Arc::clone(self), address })
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// Whether more than three quarters of the places are taken.
    pub(super) fn is_crowded(&self) -> bool {
        self.open() > self.limit / 4 * 3
    }

    /// Whether connections should give their buffers back between requests.
    pub(super) fn saves_memory(&self) -> bool {
        self.open() > self.warm
    }

    /// Waits until no connection is open.
    pub(super) async fn emptied(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.open() == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn count_address(&self, address: IpAddr, limit: usize) -> Option<IpAddr> {
        let mut open = self.open_per_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= limit {
            if *count == 0 {
                open.remove(&address);
            }
            return None;
        }
        *count += 1;
        Some(address)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(address) = self.address {
            let mut open = self.admission.open_per_address.lock().unwrap_or_else(PoisonError::into_inner);
            if let Entry::Occupied(mut count) = open.entry(address) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
        if self.admission.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.admission.emptied.notify_waiters();
        }
    }
}

/// What counts as one address: an IPv4 address, or an IPv6 /64, since a single host has all of that.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(connections: usize, connections_per_address: Option<usize>) -> Arc<Admission> {
        Arc::new(Admission::new(&Limits { connections, connections_per_address, ..Limits::default() }))
    }

    fn tcp(address: &str) -> Peer {
        Peer::Tcp(address.parse().unwrap())
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let admission = admission(2, None);
        let first = admission.admit(tcp("192.0.2.1:1"));
        let second = admission.admit(Peer::Unix { uid: 0, pid: None });
        assert!(first.is_some() && second.is_some());
        assert!(admission.admit(tcp("192.0.2.1:2")).is_none());
        drop(first);
        assert!(admission.admit(tcp("192.0.2.1:2")).is_some());
        drop(second);
        assert_eq!(admission.open(), 0);
    }

    #[test]
    fn one_address_has_its_own_limit() {
        let admission = admission(100, Some(1));
        let cases = [
            ("192.0.2.1:1", true),
            ("192.0.2.1:2", false),
            ("192.0.2.2:1", true),
            ("[::ffff:192.0.2.2]:1", false),
            ("[2001:db8::1]:1", true),
            ("[2001:db8::2]:1", false),
            ("[2001:db8:0:1::1]:1", true),
        ];
        let places: Vec<_> = cases.iter().map(|(address, _)| admission.admit(tcp(address))).collect();
        for ((address, expected), place) in cases.iter().zip(&places) {
            assert_eq!(place.is_some(), *expected, "{address}");
        }
        assert_eq!(admission.open(), 4);
        drop(places);
        assert!(admission.open_per_address.lock().unwrap().is_empty());
        assert!(admission.admit(tcp("192.0.2.1:3")).is_some());
    }

    #[test]
    fn crowded_is_more_than_three_quarters() {
        let admission = admission(4, None);
        let mut places = Vec::new();
        for expected in [false, false, false, true] {
            places.push(admission.admit(tcp("192.0.2.1:1")));
            assert_eq!(admission.is_crowded(), expected);
        }
    }
}
