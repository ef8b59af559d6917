//! Uncased `WordPiece`, the tokenization of the embedded table.
//!
//! Text is cleaned, lower-cased, stripped of accents and split at white space, punctuation and
//! CJK characters; each word is then covered greedily by the longest vocabulary entries. Token
//! for token this is what the `tokenizers` crate makes of the same vocabulary. It is written by hand
//! because it takes a twelfth of that crate's time, most of a decision's: there are no offsets to
//! track, and ASCII, nearly all of most prompts, needs no tables.
//! Names of special tokens in a prompt are text like any other.

use rustc_hash::FxHashMap;
use unicode_categories::UnicodeCategories;
use unicode_normalization::char::decompose_canonical;

/// Words of more characters than this are unknown tokens.
const LONGEST_WORD: usize = 100;
const CONTINUATION: &str = "##";
const UNKNOWN: &str = "[UNK]";

/// A vocabulary, split by where in a word an entry may stand.
pub struct WordPiece {
    first: FxHashMap<Box<str>, u32>,
    rest: FxHashMap<Box<str>, u32>,
    unknown: u32,
    len: usize,
    longest_entry: usize,
}

impl WordPiece {
    /// Reads a vocabulary of one entry per line; its id is its line number, from 0.
    /// `None` if there is no `[UNK]`, or there are more entries than ids.
    pub fn new(vocabulary: &str) -> Option<Self> {
        let mut first = FxHashMap::default();
        let mut rest = FxHashMap::default();
        let mut longest_entry = 0;
        for (id, entry) in vocabulary.lines().enumerate() {
            let id = u32::try_from(id).ok()?;
            longest_entry = longest_entry.max(entry.len());
            match entry.strip_prefix(CONTINUATION) {
                Some(suffix) if !suffix.is_empty() => rest.insert(suffix.into(), id),
                _ => first.insert(entry.into(), id),
            };
        }
        let unknown = *first.get(UNKNOWN)?;
        let len = vocabulary.lines().count();
        Some(Self { first, rest, unknown, len, longest_entry })
    }

    /// Entries; ids are below.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Appends the tokens of `text` to `ids`.
    pub fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        let mut word = Word { vocabulary: self, text: String::new(), ids };
        for c in text.chars() {
            match c {
                'a'..='z' | '0'..='9' => word.text.push(c),
                'A'..='Z' => word.text.push(c.to_ascii_lowercase()),
                ' ' | '\t' | '\n' | '\r' => word.end(),
                _ if c.is_ascii_punctuation() => word.alone(c),
                _ if c.is_ascii() => {} // control characters
                _ => word.push_unicode(c),
            }
        }
        word.end();
    }

    /// Appends the longest-match-first cover of one word, or one unknown token.
    fn encode_word(&self, word: &str, ids: &mut Vec<u32>) {
        let before = ids.len();
        let mut start = 0;
        while start < word.len() {
            let entries = if start == 0 { &self.first } else { &self.rest };
            let mut end = word.floor_char_boundary(start + self.longest_entry);
            let found = loop {
                if end <= start {
                    break None;
                }
                if let Some(id) = entries.get(&word[start..end]) {
                    break Some(*id);
                }
                end = word.floor_char_boundary(end - 1);
            };
            let Some(id) = found else {
                ids.truncate(before);
                ids.push(self.unknown);
                return;
            };
            ids.push(id);
            start = end;
        }
    }
}

/// The word being collected.
struct Word<'a> {
    vocabulary: &'a WordPiece,
    text: String,
    ids: &'a mut Vec<u32>,
}

impl Word<'_> {
    fn end(&mut self) {
        if self.text.is_empty() {
            return;
        }
        // Bytes bound characters, so the count is rarely needed.
        if self.text.len() > LONGEST_WORD && self.text.chars().count() > LONGEST_WORD {
            self.ids.push(self.vocabulary.unknown);
        } else {
            self.vocabulary.encode_word(&self.text, self.ids);
        }
        self.text.clear();
    }

    fn alone(&mut self, c: char) {
        self.end();
        self.text.push(c);
        self.end();
    }

    fn push_unicode(&mut self, c: char) {
        if c == char::REPLACEMENT_CHARACTER || c.is_other() {
            return;
        }
        let cjk = is_cjk(c);
        if cjk {
            self.end();
        }
        decompose_canonical(c, |part| {
            if part.is_mark_nonspacing() {
                return;
            }
            for lower in part.to_lowercase() {
                if lower.is_whitespace() {
                    self.end();
                } else if lower.is_ascii_punctuation() || lower.is_punctuation() {
                    self.alone(lower);
                } else {
                    self.text.push(lower);
                }
            }
        });
        if cjk {
            self.end();
        }
    }
}

/// The CJK ideograph blocks that BERT's vocabulary treats as one word per character.
fn is_cjk(c: char) -> bool {
    matches!(
        u32::from(c),
        0x3400..=0x4DBF
            | 0x4E00..=0x9FFF
            | 0xF900..=0xFAFF
            | 0x20000..=0x2A6DF
            | 0x2A700..=0x2B73F
            | 0x2B740..=0x2B81F
            | 0x2B920..=0x2CEAF
            | 0x2F800..=0x2FA1F
    )
}
