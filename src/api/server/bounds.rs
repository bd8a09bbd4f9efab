//! What a client may take of this server: time, and connections.

use std::time::Duration;

/// How long clients may take, how many connections there are, and how the server ends.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// From the first byte of a request's head to its last; also from the start of a connection to its first request.
    pub head: Duration,
    /// For a request's body, beside one second for each 64 KiB that came; also how long an answer may stand still because the client does not take it.
    pub body: Duration,
    /// Between two requests on one connection.
    pub idle: Duration,
    /// Connections at once. Others wait in the system's queue.
    pub connections: usize,
    /// From the moment at which the server says that it is not ready to the moment at which it takes no new connections.
    pub notice: Duration,
    /// For the requests under way after that.
    pub drain: Duration,
}
