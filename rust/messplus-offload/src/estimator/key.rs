//! The key of a row or a query: a window, then the action vector.

use crate::problem::{Action, ActionSpace, MAX_MODALITIES, MAX_SPAN, Window};

/// Flags of a key. A frame takes M for uploads and one for whether the previous turn ran in the
/// cloud; the action, in the lowest bits, has the same layout.
pub(super) type Bits = u128;
const _: () = assert!((MAX_MODALITIES + 1) * (MAX_SPAN + 1) <= Bits::BITS as usize);

/// Number of turns before the current one, capped at the span.
pub(super) type Age = u8;

/// Tasks of the frames, newest first, -1 for padding.
pub(super) type Tasks = [i16; MAX_SPAN];

/// A key, unpacked from a window.
pub(super) struct Key {
    pub age: Age,
    pub tasks: Tasks,
    pub bits: Bits,
}

impl Key {
    pub fn new(space: &ActionSpace, span: usize, window: &Window, action: Action) -> Self {
        let width = space.modalities() + 1;
        let flags = |cloud: Option<u32>| cloud.map_or(0, |mask| Bits::from(mask << 1 | 1));
        let mut key = Self { age: 0, tasks: [-1; MAX_SPAN], bits: flags(space.decode(action)) };
        let frames = window.frames()[..span].iter().take_while(|frame| !frame.is_padding());
        for (i, frame) in frames.enumerate() {
            key.tasks[i] = frame.task() as i16;
            key.bits |= flags(frame.uploaded()) << (width * (i + 1));
            key.age = i as Age + Age::from(frame.previous() >= 0);
        }
        key
    }
}

/// Squared distance of two task sequences.
#[inline(always)]
pub(super) fn task_distance(a: &[i16], b: &[i16]) -> u32 {
    a.iter().zip(b).map(|(&a, &b)| (i32::from(a) - i32::from(b)).pow(2)).sum::<i32>() as u32
}
