//! Frames that were damaged: the one bit that explains it, or what is whole after them.

use super::frame::{Frame, PREFIX, link};
use super::transition::MAX_LEN;

/// Bytes that are looked through for whole frames after damage: a file made to look like frames
/// everywhere costs no more time than this.
const MAX_SEARCHED: usize = 64 << 20;

/// CRC-32 (IEEE 802.3), its bits in reverse.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// A bit that is not as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flip {
    /// The byte.
    pub byte: usize,
    /// The bit in it, 0 to 7.
    pub bit: u32,
}

impl Flip {
    fn of(bit: usize) -> Self {
        Self { byte: bit / 8, bit: (bit % 8) as u32 }
    }
}

/// A frame as it was written.
pub(super) struct Mended {
    pub sum: u32,
    pub transition: Vec<u8>,
}

/// The bit of the frame that `bytes` begin with that must be flipped for it to follow `chain`.
///
/// One flipped bit explains a checksum of another message once in `2^32 / bits` only, and the next
/// frame goes on from this one's checksum: where there is one, it must agree.
pub(super) fn flip(bytes: &[u8], chain: u32) -> Option<(Flip, Mended)> {
    let prefix: [u8; PREFIX] = *bytes.first_chunk()?;
    let [length, sum] =
        [0, 4].map(|at| u32::from_le_bytes(std::array::from_fn(|i| prefix[at + i])));
    let mend = |bit, length: u32, sum, transition: &[u8]| {
        let rest = &bytes[PREFIX + length as usize..];
        let agrees = Frame::cut(rest).is_none_or(|next| next.follows(sum));
        agrees.then(|| (Flip::of(bit), Mended { sum, transition: transition.to_vec() }))
    };
    let transition_of = |length: u32| {
        let size = usize::try_from(length).ok().filter(|&size| size <= MAX_LEN)?;
        bytes[PREFIX..].get(..size)
    };
    for bit in 0..u32::BITS {
        let length = length ^ 1 << bit;
        if let Some(transition) = transition_of(length)
            && link(chain, length, transition) == sum
        {
            return mend(bit as usize, length, sum, transition);
        }
    }
    let transition = transition_of(length)?;
    let computed = link(chain, length, transition);
    let syndrome = computed ^ sum;
    if syndrome.is_power_of_two() {
        return mend(32 + syndrome.trailing_zeros() as usize, length, computed, transition);
    }
    let bit = flipped_bit(syndrome, 8 * transition.len())?;
    let mut mended = transition.to_vec();
    mended[bit / 8] ^= 1 << (bit % 8);
    mend(8 * PREFIX + bit, length, sum, &mended)
}

/// The bit, of so many, whose flipping changes their CRC-32 by `syndrome`.
///
/// The checksum is linear: what one bit adds to it depends only on how many bits follow, and is
/// shifted once for each (Peterson and Brown, *Cyclic Codes for Error Detection*, 1961).
fn flipped_bit(syndrome: u32, bits: usize) -> Option<usize> {
    let mut added = 1;
    (0..bits).rev().find(|_| {
        added = added >> 1 ^ if added & 1 == 1 { POLYNOMIAL } else { 0 };
        added == syndrome
    })
}

/// Whole frames somewhere within `bytes`: as many as follow each other, from the first that follows
/// the checksum of what stands before it.
pub(super) fn whole_frames_within(bytes: &[u8]) -> u64 {
    let mut left = MAX_SEARCHED;
    for start in 0..bytes.len() {
        let Some(before) = Frame::cut(&bytes[start..]) else { continue };
        let (mut rest, mut chain, mut found) = (before.rest, before.sum, 0);
        while let Some(frame) = Frame::cut(rest) {
            let Some(after) = left.checked_sub(PREFIX + frame.transition.len()) else {
                return found;
            };
            left = after;
            if !frame.follows(chain) {
                break;
            }
            (rest, chain, found) = (frame.rest, frame.sum, found + 1);
        }
        if found > 0 {
            return found;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use messplus_base::wire::Writer;

    use super::super::frames::{self, Frames, Tail};
    use super::super::transition::Transition;

    const CHAIN: u32 = 5;

    fn journal() -> Vec<u8> {
        let mut out = Writer::default();
        let mut chain = CHAIN;
        for now in 0..5 {
            chain = frames::append(&mut out, chain, |out| super::super::encode::advance(out, now));
        }
        out.into_bytes()
    }

    fn times(frames: &mut Frames<'_>) -> Vec<u64> {
        let time = |transition| match transition {
            Transition::Advance { now } => now,
            other => panic!("{other:?}"),
        };
        frames.map(time).collect()
    }

    #[test]
    fn any_one_bit_is_found_and_nothing_is_lost() {
        let whole = journal();
        for bit in 0..8 * whole.len() {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let mut frames = Frames::new(&flipped, CHAIN);
            let mut found = times(&mut frames);
            let read = flipped.len() - frames.unread();
            let Some((Transition::Advance { now }, Some(flip))) = frames.next_or_mended() else {
                panic!("bit {bit}");
            };
            assert_eq!(8 * (read + flip.byte) + flip.bit as usize, bit);
            found.push(now);
            found.extend(times(&mut frames));
            assert_eq!((found, frames.tail()), (vec![0, 1, 2, 3, 4], Tail::Whole), "bit {bit}");
        }
    }

    #[test]
    fn damage_is_told_from_what_a_crash_leaves() {
        let whole = journal();
        let frame = whole.len() / 5;
        for length in 0..=whole.len() {
            let mut frames = Frames::new(&whole[..length], CHAIN);
            let read = times(&mut frames).len();
            let expected = if length % frame == 0 { Tail::Whole } else { Tail::Torn };
            assert_eq!((read, frames.tail()), (length / frame, expected), "{length}");
            assert!(frames.next_or_mended().is_none(), "{length}");
        }
        for first in 0..frame {
            let mut damaged = whole.clone();
            damaged[frame + first..frame + first + 6].fill(0xa5);
            let mut frames = Frames::new(&damaged, CHAIN);
            assert_eq!(times(&mut frames), [0]);
            assert!(
                frames.next_or_mended().is_none() && frames.tail() >= Tail::Damaged(1),
                "{first}"
            );
        }
        let mut zeros = whole.clone();
        zeros.resize(whole.len() + 9, 0);
        let mut frames = Frames::new(&zeros, CHAIN);
        assert_eq!((times(&mut frames).len(), frames.tail()), (5, Tail::Damaged(0)));
    }

    /// Each byte may begin a frame of 64 KiB: looked through in full this takes hours.
    #[test]
    fn looking_for_frames_ends() {
        let pattern = [0xff, 0xff, 0, 0].repeat(1 << 19);
        assert_eq!(super::whole_frames_within(&pattern), 0);
    }
}
