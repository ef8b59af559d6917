//! Surface features of a text: its length, and how it looks from one pass over its bytes.

use super::cut;

/// Numbers per text.
pub const SURFACE_FEATURES: usize = 10;

/// Of a long text the ends are looked at, as much of it as the embedded table reads.
const MAX_TOKENS: usize = 512;

/// Mean and standard deviation of ln(tokens) over everyday prompts: 33 tokens, a factor of 4.5.
const MEAN_LN_TOKENS: f64 = 3.5;
const SD_LN_TOKENS: f64 = 1.5;
/// Gives length the weight of a few embedding dimensions.
const LENGTH_WEIGHT: f64 = 0.3;

/// Gives a spread of any other number the weight of a few embedding dimensions.
const WEIGHT: f64 = 0.4;
/// Spreads from the usual value beyond which more of the same says no more.
const FAR: f64 = 3.0;
/// Bytes of a word, in English with its punctuation; a text without words is usual in this.
const USUAL_WORD_LENGTH: f64 = 5.0;

/// What a byte is; white space comes last.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Class {
    Other,
    Digit,
    Capital,
    Mathematics,
    Code,
    NotAscii,
    Question,
    Space,
    Newline,
}

const N_CLASSES: usize = Class::Newline as usize + 1;

const fn class(byte: u8) -> Class {
    match byte {
        b'0'..=b'9' => Class::Digit,
        b'A'..=b'Z' => Class::Capital,
        b'+' | b'-' | b'*' | b'/' | b'=' | b'<' | b'>' | b'^' | b'%' | b'$' | b'\\' => {
            Class::Mathematics
        }
        b'(' | b')' | b'[' | b']' | b'{' | b'}' | b';' | b'_' | b'`' => Class::Code,
        b'?' => Class::Question,
        b'\n' => Class::Newline,
        b' ' | b'\t'..=b'\r' => Class::Space,
        0x80.. => Class::NotAscii,
        _ => Class::Other,
    }
}

static CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = class(byte as u8);
        byte += 1;
    }
    classes
};

fn is_space(byte: u8) -> bool {
    CLASSES[usize::from(byte)] >= Class::Space
}

#[derive(Default)]
struct Counts {
    of: [usize; N_CLASSES],
    words: usize,
}

impl Counts {
    fn add(&mut self, part: &str) {
        let mut after_space = true;
        for byte in part.bytes() {
            self.of[CLASSES[usize::from(byte)] as usize] += 1;
            self.words += usize::from(after_space && !is_space(byte));
            after_space = is_space(byte);
        }
    }

    fn number(&self, class: Class) -> f64 {
        self.of[class as usize] as f64
    }
}

/// Distance from what is usual.
fn unusual(value: f64, usual: f64, spread: f64) -> f64 {
    WEIGHT * ((value - usual) / spread).clamp(-FAR, FAR)
}

/// Surface features of a text of so many tokens; docs/featurizers.md names them. All but the first
/// are zero for an empty text.
///
/// Counts are integers, and `ln` is portable: the same numbers on every machine.
pub fn surface(text: &str, tokens: f32) -> [f32; SURFACE_FEATURES] {
    let ln_tokens = libm::log(f64::from(tokens.max(1.0)));
    let length = LENGTH_WEIGHT * (ln_tokens - MEAN_LN_TOKENS) / SD_LN_TOKENS;
    if text.is_empty() {
        let mut surface = [0.0; SURFACE_FEATURES];
        surface[0] = length as f32;
        return surface;
    }
    let (head, tail) = cut::ends(text, MAX_TOKENS);
    let mut counts = Counts::default();
    counts.add(head);
    counts.add(tail);
    let bytes = (head.len() + tail.len()) as f64;
    let share = |class| counts.number(class) / bytes;
    let newlines = counts.number(Class::Newline);
    let lines = newlines * f64::from(cut::times_longer(text, head, tail)) + 1.0;
    let word_length = match counts.words {
        0 => USUAL_WORD_LENGTH,
        words => (bytes - newlines - counts.number(Class::Space)) / words as f64,
    };
    let end = if tail.is_empty() { head } else { tail };
    let last = end.bytes().rev().find(|&byte| !is_space(byte));
    [
        length,
        unusual(libm::log(lines), 1.0, 1.0),
        unusual(share(Class::Digit), 0.0, 0.1),
        unusual(share(Class::Capital), 0.0, 0.1),
        unusual(share(Class::Mathematics), 0.0, 0.05),
        unusual(share(Class::Code), 0.0, 0.05),
        unusual(share(Class::NotAscii), 0.0, 0.1),
        unusual(word_length, USUAL_WORD_LENGTH, 1.0),
        unusual(f64::from(counts.of[Class::Question as usize] > 0), 0.0, 1.0),
        unusual(f64::from(last == Some(b'?')), 0.0, 1.0),
    ]
    .map(|feature| feature as f32)
}
