//! Squared distances of a query to the rows of one age.
//!
//! Of two keys of different age the older has, from the frame of the younger's first turn on: that
//! frame with w in {0, 1} against -1, and further real frames against padding. A flag b against -1
//! counts `(b + 1)^2 = 1 + 3 b`.

use super::key::{Age, Bits, Key};
use super::nearest::Nearest;
use super::row::Row;

/// How the rows of one age compare with the query.
pub(super) struct Comparison {
    /// Entries that differ bit by bit.
    same: Bits,
    /// Cloud flag of the row's frame that meets the query's first turn: 1 is counted by `same`, 2
    /// more are due.
    first: Bits,
    /// Flags of the row that meet padding.
    padded: Bits,
    /// Part of the distance that does not depend on the row, tasks aside.
    pub constant: u32,
}

impl Comparison {
    pub fn new(query: &Key, age: Age, modalities: usize, span: usize) -> Self {
        let width = modalities + 1;
        let frames_of = |age: Age| (usize::from(age) + 1).min(span);
        let (younger, older) = (query.age.min(age), query.age.max(age));
        let (common, frames) = (frames_of(younger), frames_of(older));
        let below = |frame: usize| ((1 as Bits) << (width * (frame + 1))) - 1;
        let mut comparison = Self { same: below(common), first: 0, padded: 0, constant: 0 };
        if query.age == age {
            return comparison;
        }
        let first = (1 as Bits) << (width * common);
        let padded = below(frames) & !below(common);
        // Against padding each flag counts at least 1; the oldest frame of a whole dialogue has w =
        // -1 itself and counts 0 there.
        let real_w = (common..frames).filter(|&i| i < usize::from(older)).count();
        comparison.constant = (1 + (frames - common) * modalities + real_w) as u32;
        if query.age < age {
            (comparison.first, comparison.padded) = (first, padded);
        } else {
            comparison.constant +=
                2 * (query.bits & first).count_ones() + 3 * (query.bits & padded).count_ones();
        }
        comparison
    }

    /// Hands the rows within the bound to `nearest`; `floor` is the part of their distance that is
    /// known already.
    #[inline(always)]
    pub fn visit(&self, query: &Key, rows: &[Row], floor: u32, nearest: &mut Nearest) {
        let (low, high) = (query.bits as u64, (query.bits >> 64) as u64);
        let (same_low, same_high) = (self.same as u64, (self.same >> 64) as u64);
        for row in rows {
            let mut d = floor + ((row.low ^ low) & same_low).count_ones();
            if same_high != 0 {
                d += ((row.high ^ high) & same_high).count_ones();
            }
            if self.first != 0 && d <= nearest.bound {
                let bits = Bits::from(row.low) | Bits::from(row.high) << 64;
                d += 2 * (bits & self.first).count_ones() + 3 * (bits & self.padded).count_ones();
            }
            if d <= nearest.bound {
                nearest.add(d, row.count, row.score_sum);
            }
        }
    }
}
