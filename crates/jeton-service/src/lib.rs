//! Use cases: load, decide, commit, publish.
