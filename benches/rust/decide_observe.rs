//! Decision latency.
fn main() {}
