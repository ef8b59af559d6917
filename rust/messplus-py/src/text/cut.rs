//! Bounding the work a prompt can cause, before it is tokenized.

/// Longest text tokenized, in bytes per token kept. English runs at four to five, so a prompt
/// this long has been truncated in any case.
const BYTES_PER_TOKEN: usize = 16;

/// The first and last part of `text`, together at most `16 * max_tokens` bytes, cut at character
/// boundaries. The second part is empty when nothing was cut.
///
/// Instructions tend to stand first and the question last; the middle is what can be spared.
pub fn ends(text: &str, max_tokens: usize) -> (&str, &str) {
    let limit = max_tokens.saturating_mul(BYTES_PER_TOKEN);
    if text.len() <= limit {
        return (text, "");
    }
    let head = text.floor_char_boundary(limit - limit / 2);
    let tail = text.ceil_char_boundary(text.len() - limit / 2);
    (&text[..head], &text[tail..])
}

/// How many times longer `text` is than what [`ends`] left of it: the factor from tokens found to
/// tokens there would have been.
pub fn times_longer(text: &str, head: &str, tail: &str) -> f32 {
    text.len() as f32 / (head.len() + tail.len()).max(1) as f32
}

/// Keeps the first and last tokens of `ids`, `max_tokens` in all.
pub fn truncate<Id>(ids: &mut Vec<Id>, max_tokens: usize) {
    if ids.len() > max_tokens {
        let tail = max_tokens / 2;
        ids.drain(max_tokens - tail..ids.len() - tail);
    }
}

/// Rows of unequal length as one matrix `[n, longest]`, padded at the end, and its 0/1 mask.
/// There is at least one column, so that a batch of empty rows still has a shape.
pub fn pad<Id: Copy, Bit: Copy + From<bool>>(rows: &[Vec<Id>], padding: Id) -> (Vec<Id>, Vec<Bit>) {
    let longest = rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let mut ids = vec![padding; rows.len() * longest];
    let mut mask = vec![Bit::from(false); rows.len() * longest];
    for (row, found) in rows.iter().enumerate() {
        let used = row * longest..row * longest + found.len();
        ids[used.clone()].copy_from_slice(found);
        mask[used].fill(Bit::from(true));
    }
    (ids, mask)
}
