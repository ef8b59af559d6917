//! Who rated lately, so that nobody moves a service level alone.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};

/// Ratings looked back at, and how many of them one rater may have given.
const WINDOW: usize = 256;
const MOST: usize = 16;

/// The raters of the last 256 ratings that named one, by hash.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Raters {
    recent: Vec<u64>,
    next: usize,
}

impl Raters {
    pub fn new() -> Self {
        Self { recent: Vec::with_capacity(WINDOW), next: 0 }
    }

    /// Whether one more rating of this rater counts: once 16 of the last 256 are theirs, it does not.
    pub fn admit(&mut self, rater: u64) -> bool {
        let theirs = self.recent.iter().filter(|&&known| known == rater).count();
        if theirs >= MOST {
            return false;
        }
        if self.recent.len() < WINDOW {
            self.recent.push(rater);
        } else {
            self.recent[self.next] = rater;
            self.next = (self.next + 1) % WINDOW;
        }
        true
    }

    pub fn encode(&self, out: &mut Writer) {
        out.u64s(&[self.recent.len() as u64, self.next as u64]);
        out.u64s(&self.recent);
    }

    pub fn decode(input: &mut Reader<'_>) -> Result<Self> {
        let len = input.count(WINDOW)?;
        let next = input.count(WINDOW - 1)?;
        if next > 0 && len < WINDOW {
            return Err(Error::state("raters must fill their window in order", next));
        }
        let mut raters = Self::new();
        raters.next = next;
        raters.recent.resize(len, 0);
        input.u64s(&mut raters.recent)?;
        Ok(raters)
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Raters, WINDOW};

    #[test]
    fn one_rater_counts_for_a_sixteenth_at_most_and_again_once_others_have_rated() {
        let mut raters = Raters::new();
        assert_eq!((0..100).filter(|_| raters.admit(7)).count(), MOST);
        (0..WINDOW as u64).for_each(|other| assert!(raters.admit(1000 + other)));
        assert_eq!((0..100).filter(|_| raters.admit(7)).count(), MOST);
    }
}
