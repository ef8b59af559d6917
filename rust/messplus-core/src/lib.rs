//! Cost-optimal request routing under a long-run satisfaction target.
