//! The SQLite engine: one writer with group commit, readers beside it.
