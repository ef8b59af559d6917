//! One turn as a policy sees it.

use super::action::{Action, ActionSpace, LOCAL};

/// Most task categories.
pub(crate) const MAX_TASKS: usize = 1000;

/// One frame `[w, x_0, .., x_(M-1), k]`: where the previous turn ran, what it uploaded, and the
/// task of the current turn, packed.
///
/// Bits 0..16 hold the uploaded mask, bits 16..18 hold `w + 1` (0 first turn, 1 local, 2 cloud),
/// bits 18.. hold `k + 1`. The all-zero frame is padding, which stands for -1 in every position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Frame(u32);

impl Frame {
    /// The frame of a turn with task `task` after `previous`, the action of the turn before it.
    #[must_use]
    pub fn new(space: &ActionSpace, previous: Option<Action>, task: usize) -> Self {
        let (w, mask) = match previous {
            None => (0, 0),
            Some(action) => space.decode(action).map_or((1, 0), |mask| (2, mask)),
        };
        Self(mask | w << 16 | (task as u32 + 1) << 18)
    }

    /// What the previous turn uploaded; `None` when it was local or when there was none.
    #[must_use]
    pub fn uploaded(self) -> Option<u32> {
        (self.previous() == 1).then(|| self.mask())
    }

    fn mask(self) -> u32 {
        self.0 & 0xFFFF
    }

    /// `w`: -1 before the first turn, 0 after a local turn, 1 after a cloud turn.
    #[must_use]
    pub fn previous(self) -> i32 {
        (self.0 >> 16 & 3) as i32 - 1
    }

    /// The task, or -1 for padding.
    #[must_use]
    pub fn task(self) -> i32 {
        (self.0 >> 18) as i32 - 1
    }

    /// Whether this is the padding frame.
    #[must_use]
    pub fn is_padding(self) -> bool {
        self.0 == 0
    }

    /// Reads an unpacked frame of `M + 2` numbers; `None` if no conversation can show it.
    pub(super) fn read(space: &ActionSpace, values: &[f32]) -> Option<Self> {
        let (w, flags, k) =
            (values[0], &values[1..=space.modalities()], values[space.modalities() + 1]);
        if values.iter().all(|&v| v == -1.0) {
            return Some(Self::default());
        }
        if !(0.0..MAX_TASKS as f32).contains(&k)
            || k.fract() != 0.0
            || flags.iter().any(|&x| x != 0.0 && x != 1.0)
        {
            return None;
        }
        let mask = flags.iter().rev().fold(0, |mask, &x| mask << 1 | u32::from(x == 1.0));
        let previous = match w {
            1.0 => Some(space.encode(Some(mask))),
            0.0 if mask == 0 => Some(LOCAL),
            -1.0 if mask == 0 => None,
            _ => return None,
        };
        Some(Self::new(space, previous, k as usize))
    }

    /// Writes the unpacked frame: w, M upload flags, the task.
    pub fn write(self, modalities: usize, out: &mut [f32]) {
        out[0] = self.previous() as f32;
        for (m, x) in out[1..=modalities].iter_mut().enumerate() {
            *x = if self.is_padding() { -1.0 } else { (self.mask() >> m & 1) as f32 };
        }
        out[modalities + 1] = self.task() as f32;
    }
}
