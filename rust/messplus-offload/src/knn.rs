//! Exact k-nearest-neighbour estimate of the response score, ties included.
//!
//! A key is the window followed by the action vector. Its entries are small integers, so squared distances are integers and
//! several rows often share the k-th smallest one. All of them take part: the estimate depends on the set of rows, not on their order.
//!
//! # Index
//! Within dialogues of the same age every entry except the tasks is a bit, so the squared distance of two keys is the number of
//! differing bits plus the squared differences of the tasks. Rows are grouped by age and task sequence; a group (or a block of groups with the same newest tasks) whose
//! task distance already exceeds the k-th smallest distance found is skipped, and inside a group one exclusive-or and one bit count give the
//! distance. Rows of another age differ in padding as well; `Age` below says how that is counted.

use crate::action::{Action, ActionSpace, MAX_MODALITIES};
use crate::dataset::{Dataset, check_span};
use crate::error::{Error, Result};
use crate::window::{MAX_SPAN, Window};

/// Guards the inverse-distance weight `1 / (d + EPS)` of an exact match.
const EPS: f64 = 1e-6;

/// Bits of one frame: `M` upload flags and whether the previous turn ran in the cloud. The action has the same layout.
type Bits = u128;
const _: () = assert!((MAX_MODALITIES + 1) * (MAX_SPAN + 1) <= Bits::BITS as usize);

/// Estimator of `q(window, action)` from logged rows.
#[derive(Debug, Clone)]
pub struct KnnEstimator {
    space: ActionSpace,
    k: u32,
    span: usize,
    blocks: Vec<Block>,
    groups: Vec<Group>,
    rows: Vec<Row>,
}

/// Groups with the same age and the same newest tasks: `groups[first..end]`.
#[derive(Debug, Clone, Copy)]
struct Block {
    age: Age,
    newest: [i16; NEWEST],
    first: u32,
    end: u32,
}

/// Number of tasks the groups of a block share.
const NEWEST: usize = 3;

/// Rows with the same age and the same tasks: `rows[first..end]`.
#[derive(Debug, Clone, Copy)]
struct Group {
    age: Age,
    tasks: [i16; MAX_SPAN],
    first: u32,
    end: u32,
}

/// Rows that share a key.
#[derive(Debug, Clone, Copy)]
struct Row {
    low: u64,
    high: u64,
    count: u32,
    score_sum: f64,
}

/// Number of turns before the current one, capped at the span.
///
/// Of two keys of different age the older has, from the frame of the younger's first turn on: that frame with `w` in {0, 1} against -1, and
/// further real frames against padding. A flag `b` against -1 counts `(b + 1)^2 = 1 + 3 b`.
type Age = u8;

/// A query or row key, unpacked from a window.
struct Key {
    age: Age,
    tasks: [i16; MAX_SPAN],
    bits: Bits,
}

impl KnnEstimator {
    /// Indexes the logged turns of `data`; the estimate uses `k` neighbours and windows of `span` frames.
    ///
    /// # Errors
    /// `k` is zero or above the number of turns, or `span` is outside `1..=8`.
    pub fn fit(data: &Dataset, k: usize, span: usize) -> Result<Self> {
        check_span(span)?;
        if k == 0 || data.total_turns() < k {
            return Err(Error::input("k", "must be in 1..=number of turns", k));
        }
        let space = data.space().clone();
        let logged = data.logged_windows(span)?;
        let mut keys: Vec<(Age, [i16; MAX_SPAN], Bits, f64)> = logged
            .iter()
            .map(|(window, turn)| {
                let key = key(&space, span, window, turn.action);
                (key.age, key.tasks, key.bits, turn.score)
            })
            .collect();
        // The score is part of the order so that sums do not depend on the order of the rows.
        keys.sort_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then(a.3.total_cmp(&b.3)));
        let (mut groups, mut rows) = (Vec::new(), Vec::new());
        for group in keys.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let first = rows.len() as u32;
            rows.extend(group.chunk_by(|a, b| a.2 == b.2).map(|same| Row {
                low: same[0].2 as u64,
                high: (same[0].2 >> 64) as u64,
                count: same.len() as u32,
                score_sum: same.iter().map(|row| row.3).sum(),
            }));
            groups.push(Group {
                age: group[0].0,
                tasks: group[0].1,
                first,
                end: rows.len() as u32,
            });
        }
        let mut first = 0;
        let blocks = groups
            .chunk_by(|a: &Group, b| (a.age, a.newest()) == (b.age, b.newest()))
            .map(|block| {
                let start = first;
                first += block.len() as u32;
                Block { age: block[0].age, newest: block[0].newest(), first: start, end: first }
            })
            .collect();
        Ok(Self { space, k: k as u32, span, blocks, groups, rows })
    }

    /// Estimated response score of `action` after `window`: the mean score of the nearest rows, weighted by
    /// `1 / (distance + 1e-6)`.
    ///
    /// The rows are the k nearest by Euclidean distance and every further row at the k-th smallest distance.
    #[must_use]
    pub fn predict(&self, window: &Window, action: Action) -> f64 {
        let query = key(&self.space, self.span, window, action);
        // Wider vectors and the bit-count instruction where the processor has them; integers, so the same result.
        pulp::Arch::new().dispatch(|| self.nearest(&query)).estimate()
    }

    #[inline(always)]
    fn nearest(&self, query: &Key) -> Nearest {
        let mut nearest =
            Nearest { k: self.k, rings: Vec::with_capacity(self.k as usize + 1), bound: u32::MAX };
        // Rows of the same age and tasks first: they tighten the bound before the long tail is met.
        let twin =
            self.groups.binary_search_by(|g| (g.age, g.tasks).cmp(&(query.age, query.tasks))).ok();
        if let Some(twin) = twin {
            Comparison::new(self, query, query.age).visit(
                query,
                self.rows_of(&self.groups[twin]),
                0,
                &mut nearest,
            );
        }
        let mut ages: Vec<&[Block]> = self.blocks.chunk_by(|a, b| a.age == b.age).collect();
        ages.sort_by_key(|blocks| blocks[0].age.abs_diff(query.age));
        for blocks in ages {
            let comparison = Comparison::new(self, query, blocks[0].age);
            for block in blocks {
                if comparison.constant + task_distance(&query.tasks[..NEWEST], &block.newest)
                    > nearest.bound
                {
                    continue;
                }
                for i in block.first as usize..block.end as usize {
                    let group = &self.groups[i];
                    let floor = comparison.constant + task_distance(&query.tasks, &group.tasks);
                    if floor <= nearest.bound && Some(i) != twin {
                        comparison.visit(query, self.rows_of(group), floor, &mut nearest);
                    }
                }
            }
        }
        nearest
    }

    fn rows_of(&self, group: &Group) -> &[Row] {
        &self.rows[group.first as usize..group.end as usize]
    }

    /// Estimates for all `1 + 2^M` actions.
    #[must_use]
    pub fn predict_all(&self, window: &Window) -> Vec<f64> {
        (0..self.space.len()).map(|action| self.predict(window, action)).collect()
    }

    /// Window length in turns.
    #[must_use]
    pub fn span(&self) -> usize {
        self.span
    }

    /// The action space.
    #[must_use]
    pub fn space(&self) -> &ActionSpace {
        &self.space
    }
}

impl Group {
    fn newest(&self) -> [i16; NEWEST] {
        [self.tasks[0], self.tasks[1], self.tasks[2]]
    }
}

fn key(space: &ActionSpace, span: usize, window: &Window, action: Action) -> Key {
    let width = space.modalities() + 1;
    let flags = |cloud: Option<u32>| cloud.map_or(0, |mask| Bits::from(mask << 1 | 1));
    let (mut tasks, mut bits, mut age) = ([-1; MAX_SPAN], flags(space.decode(action)), 0);
    for (i, frame) in window.frames()[..span].iter().take_while(|f| !f.is_padding()).enumerate() {
        tasks[i] = frame.task() as i16;
        bits |= flags(frame.uploaded()) << (width * (i + 1));
        age = i as Age + Age::from(frame.previous() >= 0);
    }
    Key { age, tasks, bits }
}

/// How the rows of one age compare with the query.
struct Comparison {
    /// Entries that differ bit by bit.
    same: Bits,
    /// Cloud flag of the row's frame that meets the query's first turn: 1 is counted by `same`, 2 more are due.
    first: Bits,
    /// Flags of the row that meet padding.
    padded: Bits,
    /// Part of the distance that does not depend on the row.
    constant: u32,
}

impl Comparison {
    fn new(index: &KnnEstimator, query: &Key, age: Age) -> Self {
        let (modalities, span) = (index.space.modalities(), index.span);
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
        // Against padding each flag counts at least 1; the oldest frame of a whole dialogue has w = -1 itself and counts 0 there.
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

    #[inline(always)]
    fn visit(&self, query: &Key, rows: &[Row], floor: u32, nearest: &mut Nearest) {
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

/// Squared distance of two task sequences, -1 for padding.
#[inline(always)]
fn task_distance(a: &[i16], b: &[i16]) -> u32 {
    a.iter().zip(b).map(|(&a, &b)| (i32::from(a) - i32::from(b)).pow(2)).sum::<i32>() as u32
}

/// The rows within the k-th smallest distance found so far, grouped by squared distance.
struct Nearest {
    k: u32,
    rings: Vec<Ring>,
    bound: u32,
}

struct Ring {
    distance: u32,
    count: u32,
    score_sum: f64,
}

impl Nearest {
    fn add(&mut self, distance: u32, count: u32, score_sum: f64) {
        match self.rings.binary_search_by_key(&distance, |ring| ring.distance) {
            Ok(i) => {
                self.rings[i].count += count;
                self.rings[i].score_sum += score_sum;
            }
            Err(i) => self.rings.insert(i, Ring { distance, count, score_sum }),
        }
        let mut rows = 0;
        for (i, ring) in self.rings.iter().enumerate() {
            rows += ring.count;
            if rows >= self.k {
                self.bound = ring.distance;
                self.rings.truncate(i + 1);
                return;
            }
        }
    }

    fn estimate(&self) -> f64 {
        let (mut weights, mut total) = (0.0, 0.0);
        for ring in &self.rings {
            let weight = 1.0 / (f64::from(ring.distance).sqrt() + EPS);
            weights += weight * f64::from(ring.count);
            total += weight * ring.score_sum;
        }
        total / weights
    }
}
