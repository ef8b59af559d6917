//! Where a conversation stands.

/// What the response depends on besides the action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Progress {
    /// Index of the current turn, from 0.
    pub turn: u16,
    /// Cloud turns so far.
    pub clouds: u16,
    /// Uploads so far, summed over turns.
    pub uploads: u16,
}

impl Progress {
    /// Progress after a call at `level`.
    #[must_use]
    pub fn after(self, level: usize) -> Self {
        Self {
            turn: self.turn.saturating_add(1),
            clouds: self.clouds.saturating_add(u16::from(level > 0)),
            uploads: self.uploads.saturating_add(level.saturating_sub(1) as u16),
        }
    }
}
