//! The program as people use it: exit codes, what goes to standard output, and what an error says.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what goes wrong here must fail the test")]

mod addressed;
mod asked;
mod columns;
mod declared;
mod desk;
mod files;
mod golden;
mod keys;
mod ledger;
mod misuse;
mod observed;
mod people;
mod tokens;
mod told;
mod tour;
