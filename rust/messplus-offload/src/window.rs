//! The history window: the last `Z` frames a policy and the estimator see.

use crate::action::{Action, ActionSpace, LOCAL};
use crate::error::{Error, Result};

/// Largest window length.
pub const MAX_SPAN: usize = 8;

/// One frame `[w, x_0.., k]`: where the previous turn ran, what it uploaded, and the current task, packed.
///
/// Bits 0..16 hold the uploaded mask, bits 16..18 hold `w + 1` (0 first turn, 1 local, 2 cloud), bits 18.. hold `k + 1`.
/// The all-zero frame is padding, which stands for -1 in every position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
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

    /// True for the padding frame.
    #[must_use]
    pub fn is_padding(self) -> bool {
        self.0 == 0
    }

    /// Squared Euclidean distance of the unpacked frames, `M + 2` small integers each.
    #[must_use]
    pub fn distance(self, other: Self, modalities: u32) -> u32 {
        let x = match (self.is_padding(), other.is_padding()) {
            (false, false) => (self.mask() ^ other.mask()).count_ones(),
            (true, true) => 0,
            // (x - (-1))^2 is 1 where nothing was uploaded and 4 where something was.
            _ => modalities + 3 * (self.mask() | other.mask()).count_ones(),
        };
        let w = self.previous().abs_diff(other.previous());
        let k = self.task().abs_diff(other.task());
        x + w * w + k * k
    }

    /// Reads an unpacked frame of `M + 2` numbers; `None` if no conversation can show it.
    fn read(space: &ActionSpace, values: &[f32]) -> Option<Self> {
        let (w, flags, k) =
            (values[0], &values[1..=space.modalities()], values[space.modalities() + 1]);
        if values.iter().all(|&v| v == -1.0) {
            return Some(Self::default());
        }
        if !(0.0..1000.0).contains(&k)
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

    /// Writes the unpacked frame: `w`, `M` upload flags, task.
    pub fn write(self, modalities: usize, out: &mut [f32]) {
        out[0] = self.previous() as f32;
        for (m, x) in out[1..=modalities].iter_mut().enumerate() {
            *x = if self.is_padding() { -1.0 } else { (self.mask() >> m & 1) as f32 };
        }
        out[modalities + 1] = self.task() as f32;
    }
}

/// The last `Z` frames, newest first, padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Window {
    frames: [Frame; MAX_SPAN],
}

impl Window {
    /// Shifts `frame` in as the newest; the frame older than `span` falls out.
    pub fn push(&mut self, frame: Frame, span: usize) {
        self.frames.copy_within(0..span - 1, 1);
        self.frames[0] = frame;
    }

    /// Frames, newest first.
    #[must_use]
    pub fn frames(&self) -> &[Frame; MAX_SPAN] {
        &self.frames
    }

    /// Number of frames that are not padding.
    #[must_use]
    pub fn filled(&self) -> usize {
        self.frames.iter().take_while(|f| !f.is_padding()).count()
    }

    /// Reads an observation as [`write`](Self::write) makes it.
    ///
    /// # Errors
    /// The length is not `span * (M + 2)`, or no conversation can show these frames.
    pub fn read(space: &ActionSpace, span: usize, values: &[f32]) -> Result<Self> {
        let width = space.modalities() + 2;
        if values.len() != span * width {
            return Err(Error::input(
                "observation",
                "must have span * (M + 2) entries",
                values.len(),
            ));
        }
        let mut window = Self::default();
        for frame in values.chunks_exact(width) {
            match Frame::read(space, frame) {
                Some(frame) if !frame.is_padding() => window.push(frame, span),
                Some(_) if window.filled() == 0 => {}
                _ => {
                    return Err(Error::input(
                        "observation",
                        "must consist of padding and then frames [w, x.., k]",
                        format_args!("{frame:?}"),
                    ));
                }
            }
        }
        Ok(window)
    }

    /// Writes the observation: `span` frames of `M + 2` numbers, oldest first.
    pub fn write(&self, modalities: usize, span: usize, out: &mut [f32]) {
        for (slot, frame) in
            out.chunks_exact_mut(modalities + 2).zip(self.frames[..span].iter().rev())
        {
            frame.write(modalities, slot);
        }
    }
}
