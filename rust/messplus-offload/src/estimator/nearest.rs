//! The nearest rows of one query, and the estimate they give.

/// Guards the weight `1 / (d + EPS)` of an exact match.
const EPS: f64 = 1e-6;

/// The rows within the k-th smallest distance found so far, grouped by squared distance.
pub(super) struct Nearest {
    k: u32,
    rings: Vec<Ring>,
    /// The k-th smallest squared distance found so far.
    pub bound: u32,
}

struct Ring {
    distance: u32,
    count: u32,
    score_sum: f64,
}

impl Nearest {
    pub fn new(k: u32) -> Self {
        Self { k, rings: Vec::with_capacity(k as usize + 1), bound: u32::MAX }
    }

    /// Takes in `count` rows at this squared distance, which is at most the bound.
    pub fn add(&mut self, distance: u32, count: u32, score_sum: f64) {
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

    /// The weighted mean of the scores.
    pub fn estimate(&self) -> f64 {
        let (mut weights, mut total) = (0.0, 0.0);
        for ring in &self.rings {
            let weight = 1.0 / (f64::from(ring.distance).sqrt() + EPS);
            weights += weight * f64::from(ring.count);
            total += weight * ring.score_sum;
        }
        total / weights
    }
}
