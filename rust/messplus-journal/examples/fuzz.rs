//! Feeds damaged files to every reader: `fuzz CASES` ends with one JSON line.
//!
//! A panic ends it with an error. Half of the damaged states and transitions get a fitting checksum, so
//! that the checks behind the checksum are met too. The largest memory use is printed where the
//! system tells it.

#[path = "../tests/common/mod.rs"]
mod common;

use std::process::ExitCode;
use std::time::Instant;

use common::{Stream, controller};
use messplus_base::wire::{Writer, checksum};
use messplus_core::{Controller, Decision};
use messplus_journal::JournaledController;
use messplus_journal::format::{Content, Frames, Header, Transition, frames};

type Failure = Box<dyn std::error::Error>;

/// Of so many cases, one is a whole state; the others are transitions, headers and frames.
const STATES: u64 = 16;

fn main() -> Result<ExitCode, Failure> {
    let cases: u64 = std::env::args().nth(1).ok_or("usage: fuzz CASES")?.parse()?;
    let start = Instant::now();
    let mut chance = Stream(3);
    let samples = samples()?;
    let (mut read, mut refused) = (0_u64, 0_u64);
    for case in 0..cases {
        let accepted = if case % STATES == 0 {
            state(&mut samples.state.clone(), &mut chance)
        } else {
            let pick = chance.below(samples.transitions.len() as u64) as usize;
            transition(&mut samples.transitions[pick].clone(), &mut chance)
        };
        if accepted { read += 1 } else { refused += 1 }
    }
    let seconds = start.elapsed().as_secs_f64();
    let peak = peak_kilobytes().map_or("null".into(), |kilobytes| kilobytes.to_string());
    println!(
        "{{\"cases\": {cases}, \"read\": {read}, \"refused\": {refused}, \"panics\": 0, \
         \"peak_kb\": {peak}, \"seconds\": {seconds:.1}}}"
    );
    Ok(ExitCode::SUCCESS)
}

struct Samples {
    state: Vec<u8>,
    transitions: Vec<Vec<u8>>,
}

fn samples() -> Result<Samples, Failure> {
    let mut live = JournaledController::journaled(controller()?, 0, 0);
    let (mut stream, mut decision) = (Stream(7), Decision::with_capacity(3));
    for _ in 0..200 {
        stream.step(&mut live, &mut decision);
    }
    let mut frames = Writer::default();
    live.take_frames(&mut frames);
    let transitions = frames_of(frames.as_bytes());
    Ok(Samples { state: live.to_bytes(), transitions })
}

/// The bytes of every transition, cut out of its frame.
fn frames_of(mut frames: &[u8]) -> Vec<Vec<u8>> {
    let mut transitions = Vec::new();
    while let Some((length, rest)) = frames.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        transitions.push(rest[4..4 + length].to_vec());
        frames = &rest[4 + length..];
    }
    transitions
}

fn state(bytes: &mut Vec<u8>, chance: &mut Stream) -> bool {
    damage(bytes, chance);
    if chance.below(2) == 0 && bytes.len() > 24 {
        let end = bytes.len() - 4;
        bytes[12..20].copy_from_slice(&(end as u64 - 20).to_le_bytes());
        let sum = checksum(0, &bytes[..end]);
        bytes[end..].copy_from_slice(&sum.to_le_bytes());
    }
    let Ok(controller) = Controller::from_bytes(bytes) else { return false };
    // A state that is let in must work.
    let mut live = JournaledController::in_memory(controller);
    let mut decision = Decision::with_capacity(3);
    for _ in 0..4 {
        chance.step(&mut live, &mut decision);
    }
    true
}

fn transition(bytes: &mut Vec<u8>, chance: &mut Stream) -> bool {
    damage(bytes, chance);
    let header = Header::decode(Content::Journal, bytes).is_ok();
    let mut frames = Writer::default();
    let chain = if chance.below(2) == 0 {
        frames.bytes(bytes);
        0
    } else {
        frames::append(&mut frames, 1, |out| out.bytes(bytes));
        1
    };
    let whole = Frames::new(frames.as_bytes(), chain).count();
    Transition::decode(bytes).is_ok() || header || whole > 0
}

/// Flip, overwrite, cut, repeat or insert, once to four times.
fn damage(bytes: &mut Vec<u8>, chance: &mut Stream) {
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len().max(1) as u64) as usize;
        match chance.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 => bytes.iter_mut().skip(at).take(8).for_each(|byte| *byte = 0xff),
            2 => bytes.truncate(at),
            3 => bytes.extend_from_within(at..),
            _ => bytes.insert(at.min(bytes.len()), chance.below(256) as u8),
        }
        bytes.truncate(1 << 16);
    }
}

/// Largest resident set of this process so far.
fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
