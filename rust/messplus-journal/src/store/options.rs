//! How a store writes.

use std::time::Duration;

use messplus_base::names;

/// When what was written is made to survive power loss. A killed process loses nothing in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every [`Options::group`], in the background.
    Group,
    /// Before each call returns; calls that wait together are synced together.
    Each,
    /// When the operating system likes.
    None,
}

names!(Durability: "durability" { Group => "group", Each => "each", None => "none" });

/// How a store writes.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// When what was written is made to survive power loss.
    pub durability: Durability,
    /// Bytes of a journal after which a snapshot is written.
    pub journal_bytes: u64,
    /// How often the background thread looks: the most that power loss costs with
    /// [`Durability::Group`].
    pub group: Duration,
}

impl Options {
    /// Whether anything is made to survive power loss.
    pub(super) fn syncs(&self) -> bool {
        self.durability != Durability::None
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Group,
            journal_bytes: 32 << 20,
            group: Duration::from_millis(50),
        }
    }
}
