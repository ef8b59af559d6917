//! What a `tokenizer.json` from elsewhere may do to a prompt.
//!
//! Steps of a tokenizer can each double a text, name a special token of megabytes, or be listed a
//! thousand times over. The bounds here are far from what published tokenizers do; within them, a
//! prompt of a few kilobytes costs megabytes at most.

use std::panic::resume_unwind;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tokenizers::{
    DecoderWrapper, ModelWrapper, NormalizedString, Normalizer, NormalizerWrapper, PostProcessor,
    PostProcessorWrapper, PreTokenizerWrapper, Result, TokenizerImpl,
};

/// A tokenizer whose normalizers are bounded.
pub type Bounded = TokenizerImpl<
    ModelWrapper,
    BoundedNormalizer,
    PreTokenizerWrapper,
    PostProcessorWrapper,
    DecoderWrapper,
>;

/// Bytes of normalized text per byte of prompt: at the end, and for a moment between steps.
const GROWTH: usize = 16;
const STEP_GROWTH: usize = 256;
/// Bytes that short prompts may grow by.
const ROOM: usize = 4096;
/// Canonical and compatible forms of Unicode need up to 11 bytes for one.
const UNICODE_GROWTH: usize = 12;

const MAX_NORMALIZERS: usize = 64;
const MAX_PRE_TOKENIZERS: usize = 16;
const MAX_POST_PROCESSORS: usize = 8;
const MAX_TEMPLATE: usize = 64;
/// Bytes of an entry of the vocabulary, and of what words are prefixed with or replaced by.
const MAX_TOKEN: usize = 1024;
const MAX_AFFIX: usize = 256;
/// Its `WordPiece` tries every part of a word: the work grows with the cube of the length.
const MAX_WORD: usize = 512;

/// Normalizers one after the other, none of which may swell a text.
pub struct BoundedNormalizer {
    steps: Vec<NormalizerWrapper>,
    /// Longest replacement in a table of `SentencePiece`, in bytes.
    charsmap_growth: usize,
}

impl<'de> Deserialize<'de> for BoundedNormalizer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        // Before the library sees it, which reserves what the head of such a table claims.
        let charsmap_growth = charsmap_growth(&value).map_err(D::Error::custom)?;
        let mut steps = Vec::new();
        flatten(serde_json::from_value(value).map_err(D::Error::custom)?, &mut steps);
        Ok(Self { steps, charsmap_growth })
    }
}

fn flatten(normalizer: NormalizerWrapper, steps: &mut Vec<NormalizerWrapper>) {
    match normalizer {
        NormalizerWrapper::Sequence(sequence) => {
            sequence.into_iter().for_each(|step| flatten(step, steps));
        }
        step => steps.push(step),
    }
}

/// What a normalizer unwinds with: the library drops its errors and goes on.
pub struct Swollen(pub &'static str);

impl Normalizer for BoundedNormalizer {
    fn normalize(&self, text: &mut NormalizedString) -> Result<()> {
        let before = text.get().len();
        for step in &self.steps {
            if self.longest(step, text.get().len()) > ROOM + STEP_GROWTH * before {
                resume_unwind(Box::new(Swollen("a step could swell the text over 256 times")));
            }
            step.normalize(text)?;
        }
        if text.get().len() > ROOM + GROWTH * before {
            resume_unwind(Box::new(Swollen("must not swell the text over 16 times")));
        }
        Ok(())
    }
}

impl BoundedNormalizer {
    /// The most bytes a step can make of `bytes`.
    fn longest(&self, step: &NormalizerWrapper, bytes: usize) -> usize {
        match step {
            NormalizerWrapper::Replace(replace) => {
                bytes.saturating_add((bytes + 1).saturating_mul(replace.content.len()))
            }
            NormalizerWrapper::Prepend(prepend) => bytes + prepend.prepend.len(),
            NormalizerWrapper::Precompiled(_) => bytes.saturating_mul(self.charsmap_growth.max(1)),
            _ => bytes.saturating_mul(UNICODE_GROWTH),
        }
    }
}

/// The longest replacement of all character maps within a JSON value, in bytes.
///
/// Such a map is the size of a trie, the trie, and replacements that end with a zero byte.
fn charsmap_growth(value: &Value) -> std::result::Result<usize, &'static str> {
    match value {
        Value::Object(fields) => {
            let mut longest = 0;
            for (name, field) in fields {
                longest = longest.max(match field {
                    Value::String(text) if name == "precompiled_charsmap" => longest_entry(text)?,
                    field => charsmap_growth(field)?,
                });
            }
            Ok(longest)
        }
        Value::Array(values) => {
            values.iter().try_fold(0, |longest, value| Ok(longest.max(charsmap_growth(value)?)))
        }
        _ => Ok(0),
    }
}

fn longest_entry(charsmap: &str) -> std::result::Result<usize, &'static str> {
    const RULE: &str = "precompiled_charsmap: must be a trie and its replacements";
    let bytes = base64::decode(charsmap).map_err(|_| RULE)?;
    let (head, rest) = bytes.split_first_chunk::<4>().ok_or(RULE)?;
    let replacements = rest.get(u32::from_le_bytes(*head) as usize..).ok_or(RULE)?;
    Ok(replacements.split(|&byte| byte == 0).map(<[u8]>::len).max().unwrap_or(0))
}

/// Checks everything but what the normalizers do to a text.
pub fn check(tokenizer: &Bounded) -> std::result::Result<(), String> {
    let normalizers = tokenizer.get_normalizer().map_or(0, |bounded| bounded.steps.len());
    at_most("normalizer: steps", normalizers, MAX_NORMALIZERS)?;
    if let Some(pre_tokenizer) = tokenizer.get_pre_tokenizer() {
        check_pre_tokenizer(pre_tokenizer)?;
    }
    if let Some(post_processor) = tokenizer.get_post_processor() {
        at_most(
            "post_processor: special tokens",
            post_processor.added_tokens(false),
            MAX_TEMPLATE,
        )?;
        let steps = check_post_processor(post_processor)?;
        at_most("post_processor: steps", steps, MAX_POST_PROCESSORS)?;
    }
    check_model(tokenizer.get_model())?;
    let entries = tokenizer.get_vocab(true);
    at_most(
        "model: bytes of a token",
        entries.keys().map(String::len).max().unwrap_or(0),
        MAX_TOKEN,
    )
}

fn at_most(what: &str, found: usize, limit: usize) -> std::result::Result<(), String> {
    if found > limit {
        Err(format!("{what}: must be at most {limit}, got {found}"))
    } else {
        Ok(())
    }
}

/// One that maps bytes to characters doubles what is not plain text, each time it is listed.
fn check_pre_tokenizer(pre_tokenizer: &PreTokenizerWrapper) -> std::result::Result<(), String> {
    let (mut steps, mut byte_levels, mut open) = (0, 0, vec![pre_tokenizer]);
    while let Some(step) = open.pop() {
        match step {
            PreTokenizerWrapper::Sequence(sequence) => open.extend(sequence.as_ref()),
            PreTokenizerWrapper::ByteLevel(_) => byte_levels += 1,
            _ => {}
        }
        steps += 1;
    }
    at_most("pre_tokenizer: steps", steps, MAX_PRE_TOKENIZERS)?;
    at_most("pre_tokenizer: steps ByteLevel", byte_levels, 1)
}

/// Number of steps, each of which repeats its text once at most.
fn check_post_processor(processor: &PostProcessorWrapper) -> std::result::Result<usize, String> {
    match processor {
        PostProcessorWrapper::Sequence(sequence) => sequence
            .as_ref()
            .iter()
            .try_fold(0, |steps, step| Ok(steps + check_post_processor(step)?)),
        PostProcessorWrapper::Template(template) => {
            let pieces = serde_json::to_value(&template.single).unwrap_or_default();
            let pieces = pieces.as_array().map_or(&[][..], Vec::as_slice);
            at_most("post_processor: pieces", pieces.len(), MAX_TEMPLATE)?;
            let texts = pieces.iter().filter(|piece| piece.get("Sequence").is_some()).count();
            at_most("post_processor: texts", texts, 1).map(|()| 1)
        }
        _ => Ok(1),
    }
}

fn check_model(model: &ModelWrapper) -> std::result::Result<(), String> {
    let affixes = match model {
        ModelWrapper::BPE(bpe) => {
            if bpe.dropout.is_some_and(|dropout| dropout != 0.0) {
                return Err(
                    "model: dropout: must be none, the same text gives the same tokens".into()
                );
            }
            vec![&bpe.unk_token, &bpe.continuing_subword_prefix, &bpe.end_of_word_suffix]
                .into_iter()
                .flatten()
                .collect()
        }
        ModelWrapper::WordPiece(words) => {
            at_most("model: characters per word", words.max_input_chars_per_word, MAX_WORD)?;
            vec![&words.unk_token, &words.continuing_subword_prefix]
        }
        ModelWrapper::WordLevel(words) => vec![&words.unk_token],
        ModelWrapper::Unigram(_) => Vec::new(),
    };
    let longest = affixes.into_iter().map(String::len).max().unwrap_or(0);
    at_most("model: bytes of a prefix", longest, MAX_AFFIX)
}
