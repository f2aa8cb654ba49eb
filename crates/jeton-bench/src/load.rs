//! The load generator: one thread, many keep-alive connections, each with one request under way.

mod connection;
mod pace;
mod traffic;

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::time::Timespec;

use crate::clock;
use crate::failure::{Doing, Failure};
use crate::histogram::Histogram;
use crate::measured::Measured;
use crate::process;
use connection::Connection;
use pace::Pace;

pub(crate) use traffic::Traffic;

/// How hard and how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) connections: usize,
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
    /// Requests per second over all connections; as many as are answered when `None`.
    pub(crate) rate: Option<f64>,
}

/// Runs `traffic` against `address` and measures the time after the warm-up, with the processor time of `process`.
///
/// Ends early when the traffic has nothing left to send; every request sent is answered before it returns.
pub(crate) fn run(address: SocketAddr, process: u32, shape: Shape, traffic: &mut dyn Traffic) -> Result<Measured, Failure> {
    let mut generator = Generator::connect(address, shape, traffic)?;
    generator.run_until(Some(shape.warm_up))?;
    let processor_time = process::processor_time(process)?;
    let start = clock::now();
    generator.latency = Histogram::new();
    generator.run_until(Some(shape.measured))?;
    let elapsed = start.elapsed();
    let measured = Measured {
        requests: generator.latency.total(),
        elapsed,
        processor_time: process::processor_time(process)?.saturating_sub(processor_time),
        latency: generator.latency.clone(),
    };
    generator.drained = true;
    generator.run_until(None)?;
    if measured.requests == 0 {
        return Err(Failure::new("nothing was left to measure after the warm-up"));
    }
    Ok(measured)
}

struct Generator<'a> {
    poll: OwnedFd,
    events: Vec<epoll::Event>,
    connections: Vec<Connection>,
    idle: Vec<usize>,
    traffic: &'a mut dyn Traffic,
    pace: Option<Pace>,
    latency: Histogram,
    /// Nothing more is sent.
    drained: bool,
}

impl<'a> Generator<'a> {
    fn connect(address: SocketAddr, shape: Shape, traffic: &'a mut dyn Traffic) -> Result<Self, Failure> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC).doing("creating an epoll")?;
        let mut connections = Vec::with_capacity(shape.connections);
        for index in 0..shape.connections {
            let connection = Connection::open(address)?;
            epoll::add(&poll, connection.stream(), epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN)
                .doing("watching a connection")?;
            connections.push(connection);
        }
        Ok(Self {
            poll,
            events: Vec::with_capacity(shape.connections.max(1)),
            idle: (0..shape.connections).collect(),
            connections,
            traffic,
            pace: shape.rate.map(|rate| Pace::new(rate, clock::now())),
            latency: Histogram::new(),
            drained: false,
        })
    }

    /// Sends and receives for `duration`, or until nothing is under way any more.
    fn run_until(&mut self, duration: Option<Duration>) -> Result<(), Failure> {
        let end = duration.map(|duration| clock::now() + duration);
        loop {
            let now = clock::now();
            if end.is_some_and(|end| now >= end) {
                return Ok(());
            }
            self.send_what_is_due(now)?;
            if self.drained && self.idle.len() == self.connections.len() {
                return Ok(());
            }
            self.wait(now, end)?;
            self.receive()?;
        }
    }

    fn send_what_is_due(&mut self, now: Instant) -> Result<(), Failure> {
        while !self.drained && !self.idle.is_empty() {
            if self.pace.as_mut().is_some_and(|pace| !pace.is_due(now)) {
                break;
            }
            let Some(index) = self.idle.pop() else { break };
            let Some(connection) = self.connections.get_mut(index) else { break };
            if !connection.send(self.traffic)? {
                self.drained = true;
                self.idle.push(index);
            }
        }
        Ok(())
    }

    /// Waits for answers. As hard as it can, the generator never sleeps while it waits: waking it would be paid for by the server, the more the
    /// slower the server is, and the floor, which is faster than the generator, would pay nothing.
    fn wait(&mut self, now: Instant, end: Option<Instant>) -> Result<(), Failure> {
        if self.pace.is_none() && end.is_some() {
            return self.poll(&Timespec { tv_sec: 0, tv_nsec: 0 }).map(drop);
        }
        let next = self.pace.as_ref().filter(|_| !self.drained && !self.idle.is_empty()).map(Pace::next);
        let until = [end, next].into_iter().flatten().min().map_or(Duration::from_secs(10), |until| until.saturating_duration_since(now));
        let timeout = Timespec { tv_sec: i64::try_from(until.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(until.subsec_nanos()) };
        match self.poll(&timeout)? {
            Some(0) if end.is_none() && next.is_none() => Err(Failure::new("the server did not answer for 10 s")),
            _ => Ok(()),
        }
    }

    /// What is ready within `timeout`, and how many; `None` when a signal came first.
    fn poll(&mut self, timeout: &Timespec) -> Result<Option<usize>, Failure> {
        self.events.clear();
        match epoll::wait(&self.poll, spare_capacity(&mut self.events), Some(timeout)) {
            Ok(count) => Ok(Some(count)),
            Err(rustix::io::Errno::INTR) => Ok(None),
            Err(error) => Err(error).doing("waiting for answers"),
        }
    }

    fn receive(&mut self) -> Result<(), Failure> {
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            let index = usize::try_from(event.data.u64()).unwrap_or(usize::MAX);
            let Some(connection) = self.connections.get_mut(index) else { continue };
            let Some(latency) = connection.receive(self.traffic)? else { continue };
            self.latency.record(latency);
            // A closed loop answers at once; a paced one gives the connection back to whoever is next.
            if self.pace.is_some() || self.drained || !connection.send(self.traffic)? {
                self.drained |= self.pace.is_none();
                self.idle.push(index);
            }
        }
        self.events = events;
        Ok(())
    }
}
