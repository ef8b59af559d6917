//! How long conversations are.

use messplus_base::wire::{Reader, Result, Writer};

/// Per turn: conversations that reached it, and those that went on.
#[derive(Clone, Debug)]
pub(super) struct Lengths(Vec<(f64, f64)>);

impl Lengths {
    pub fn new(max_turns: usize) -> Self {
        Self(vec![(0.0, 0.0); max_turns])
    }

    /// A conversation ended after so many turns.
    pub fn learn_one(&mut self, turns: u16) {
        let turns = usize::from(turns);
        for (t, (reached, on)) in self.0.iter_mut().enumerate().take(turns) {
            *reached += 1.0;
            *on += f64::from(u8::from(t + 1 < turns));
        }
    }

    /// Probability that a turn follows each turn, as if one conversation had gone on everywhere: 1
    /// where nothing is known, and 0 at the horizon.
    pub fn continuation(&self) -> Vec<f64> {
        let odds = self.0.iter().map(|(reached, on)| (on + 1.0) / (reached + 1.0));
        let mut odds: Vec<f64> = odds.collect();
        if let Some(last) = odds.last_mut() {
            *last = 0.0;
        }
        odds
    }

    pub fn write(&self, out: &mut Writer) {
        self.0.iter().for_each(|&(reached, on)| out.f64s(&[reached, on]));
    }

    pub fn read(&mut self, input: &mut Reader<'_>) -> Result<()> {
        for (reached, on) in &mut self.0 {
            (*reached, *on) = (input.f64()?, input.f64()?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Lengths;

    #[test]
    fn continuation_follows_what_was_seen() {
        let mut lengths = Lengths::new(3);
        assert_eq!(lengths.continuation(), [1.0, 1.0, 0.0]);
        (0..3).for_each(|_| lengths.learn_one(1));
        lengths.learn_one(9);
        assert_eq!(lengths.continuation(), [0.4, 1.0, 0.0]);
    }
}
