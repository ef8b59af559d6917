//! Logged turns as the index holds them.

use super::key::Key;

/// Rows that share a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Lower half of the key's bits.
    pub low: u64,
    /// Upper half of the key's bits.
    pub high: u64,
    pub count: u32,
    pub score_sum: f64,
}

impl Row {
    /// Rows with the same bits, at least one.
    pub fn new(same: &[(Key, f64)]) -> Self {
        let bits = same[0].0.bits;
        Self {
            low: bits as u64,
            high: (bits >> 64) as u64,
            count: same.len() as u32,
            score_sum: same.iter().map(|(_, score)| score).sum(),
        }
    }
}
