//! Measures Jeton beside the floor, the raw cryptography and a peer.
//!
//! One program in several roles: `run` is the bench itself and the load, pinned to the second core; the servers it starts
//! (`floor`, `jeton serve`, node) inherit the first. `cargo xtask bench` builds everything and starts `run`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to a terminal")]

mod affinity;
mod arguments;
mod bench;
mod clock;
mod failure;
mod fill;
mod fill_codes;
mod fill_grants;
mod fill_keys;
mod floor;
mod histogram;
mod http;
mod jeton;
mod load;
mod machine;
mod measured;
mod peers;
mod plan;
mod process;
mod raw;
mod report;
mod row;
mod rows;
mod server;
mod tokens;
mod traffic;
mod world;

use std::process::ExitCode;

use arguments::Role;
use failure::Failure;

/// The allocator of `jeton` itself, so that the floor differs from it in nothing but the work done.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match play(arguments::read()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{failure}");
            ExitCode::from(3)
        }
    }
}

fn play(role: Role) -> Result<(), Failure> {
    match role {
        Role::Run(options) => plan::run(&options),
        Role::Floor => floor::serve(),
    }
}
