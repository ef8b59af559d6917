//! How much of the traffic a replica has.

/// Decisions that the share is over, about.
const WINDOW: f64 = 2000.0;
/// How many decisions an equal share is worth while few have been seen.
const PRIOR: f64 = 64.0;
/// A replica is taken to have at least this part of an equal share.
const LEAST: f64 = 0.25;

/// The share of recent decisions that were a replica's own.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    own: f64,
    all: f64,
    replicas: f64,
}

impl Default for Share {
    fn default() -> Self {
        Self { own: 0.0, all: 0.0, replicas: 1.0 }
    }
}

impl Share {
    /// So many decisions are in the log, of the replica itself or of others.
    pub fn see(&mut self, decisions: f64, own: bool) {
        let keep = (-decisions / WINDOW).exp();
        self.all = self.all * keep + decisions;
        self.own = self.own * keep + if own { decisions } else { 0.0 };
    }

    /// So many replicas are alive, this one included.
    pub fn among(&mut self, replicas: usize) {
        self.replicas = replicas.max(1) as f64;
    }

    /// The share, in `(0, 1]`.
    pub fn get(&self) -> f64 {
        let equal = 1.0 / self.replicas;
        let share = (self.own + PRIOR * equal) / (self.all + PRIOR);
        share.clamp(LEAST * equal, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn begins_equal_and_follows_the_traffic() {
        let mut share = Share::default();
        assert_eq!(share.get(), 1.0);
        share.among(4);
        assert_eq!(share.get(), 0.25);
        for _ in 0..1000 {
            share.see(8.0, true);
            share.see(2.0, false);
        }
        assert!((share.get() - 0.8).abs() < 0.03, "{}", share.get());
        (0..1000).for_each(|_| share.see(10.0, false));
        assert_eq!(share.get(), 0.0625);
    }
}
