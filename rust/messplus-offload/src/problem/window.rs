//! The history window: the last Z frames a policy and the estimator see (TMO).

use super::action::ActionSpace;
use super::frame::Frame;
use crate::error::{Error, Result};

/// Longest window, in turns.
pub const MAX_SPAN: usize = 8;

/// Accepts windows of 1 to [`MAX_SPAN`] frames.
pub(crate) fn check_span(span: usize) -> Result<usize> {
    if (1..=MAX_SPAN).contains(&span) {
        Ok(span)
    } else {
        Err(Error::input("span", "must be in 1..=8", span))
    }
}

/// The last Z frames, newest first, padded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
