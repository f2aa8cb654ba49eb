//! The HTTP surface: routes, extraction, replies and the limits of connections.
