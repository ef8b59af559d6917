//! Kills a loaded process at random moments and compares what it left with a process that never stopped.
//!
//! `crash KILLS` runs the test and ends with one JSON line. Two of three victims write snapshots all
//! the time and are killed in the middle of one, the third writes only its journal. Between kills the tail of the journal is torn or damaged, and
//! sometimes the newest snapshot, which the one before it must make good.

#[path = "../tests/common/mod.rs"]
mod common;

use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use common::{Stream, controller};
use messplus_core::Decision;
use messplus_journal::format::Content;
use messplus_journal::{Folder, JournaledController, Options, Store, recover};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [role, folder, journal_bytes] if role == "victim" => {
            victim(Path::new(folder), journal_bytes.parse()?)
        }
        [kills] => campaign(kills.parse()?),
        _ => Err("usage: crash KILLS".into()),
    }
}

/// The transition that follows the first `sequence`: the same in every process.
fn transition(live: &mut JournaledController, sequence: u64, decision: &mut Decision) {
    let mut stream = Stream(sequence ^ 0x9e37_79b9_7f4a_7c15);
    while !stream.step(live, decision) {}
}

/// Two threads that work, and acknowledge on standard output what was returned.
fn victim(folder: &Path, journal_bytes: u64) -> Result<ExitCode, Failure> {
    let options = Options { journal_bytes, group: Duration::from_millis(1), ..Options::default() };
    let (store, _) = Store::open(Folder::new(folder), options, controller)?;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut decision = Decision::with_capacity(3);
                loop {
                    let done = store.enter(|live| {
                        transition(live, live.sequence(), &mut decision);
                        live.sequence()
                    });
                    // The pipe breaks when the parent ends; then so does the victim.
                    if io::stdout().lock().write_all(&done.to_le_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok(ExitCode::SUCCESS)
}

#[derive(Default)]
struct Tally {
    acknowledged: u64,
    lost: u64,
    unreadable: u32,
    differing: u32,
    rotating: u32,
    torn: u32,
    fallbacks: u32,
    noted: u32,
}

fn campaign(kills: u32) -> Result<ExitCode, Failure> {
    let home = tempfile::tempdir()?;
    let path = home.path().join("state");
    let folder = Folder::new(&path);
    let mut chance = Stream(11);
    let (mut reference, mut at) = (JournaledController::in_memory(controller()?), 0);
    let mut decision = Decision::with_capacity(3);
    let mut tally = Tally::default();
    let start = Instant::now();
    for kill in 0..kills {
        let journal_bytes = if kill % 3 < 2 { 4096 } else { u64::MAX };
        let acknowledged = kill_one(&path, journal_bytes, 2 + chance.below(60))?.max(at);
        tally.acknowledged = acknowledged;
        let snapshots = folder.generations(Content::Snapshot)?;
        tally.rotating += u32::from(is_rotating(&folder)?);
        tally.torn += u32::from(damage_tail(&folder, &mut chance)?);
        let spare = snapshots.len() > 1 && chance.below(4) == 0;
        if spare {
            flip(&folder.file(Content::Snapshot, snapshots[snapshots.len() - 1]), &mut chance)?;
        }
        let Ok(Some(found)) = recover(&folder) else {
            tally.unreadable += 1;
            break;
        };
        tally.fallbacks += u32::from(spare);
        tally.noted += u32::from(!found.notes.is_empty());
        tally.lost += acknowledged.saturating_sub(found.sequence);
        while at < found.sequence {
            transition(&mut reference, at, &mut decision);
            at += 1;
        }
        tally.differing += u32::from(found.controller.to_bytes() != reference.to_bytes());
    }
    let Tally { acknowledged, lost, unreadable, differing, rotating, torn, fallbacks, noted } =
        tally;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{{\"kills\": {kills}, \"transitions\": {acknowledged}, \"lost\": {lost}, \
         \"unreadable\": {unreadable}, \"differing\": {differing}, \"killed_in_rotation\": {rotating}, \
         \"damaged_tails\": {torn}, \"damaged_snapshots\": {fallbacks}, \"noted\": {noted}, \
         \"seconds\": {seconds:.1}}}"
    );
    let sound = lost == 0 && unreadable == 0 && differing == 0;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Run a victim for some milliseconds, kill it, and return the last transition it acknowledged.
fn kill_one(path: &Path, journal_bytes: u64, milliseconds: u64) -> Result<u64, Failure> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("victim")
        .arg(path)
        .arg(journal_bytes.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut pipe = child.stdout.take().ok_or("no pipe")?;
    let mut acknowledged = 0;
    let mut word = [0; 8];
    let mut until: Option<Instant> = None;
    while until.is_none_or(|until| Instant::now() < until) {
        pipe.read_exact(&mut word)?;
        acknowledged = acknowledged.max(u64::from_le_bytes(word));
        until.get_or_insert_with(|| Instant::now() + Duration::from_millis(milliseconds));
    }
    // Whoever writes snapshots is caught in the middle of one, as far as its files tell.
    let patience = Instant::now() + Duration::from_millis(500);
    let folder = Folder::new(path);
    while journal_bytes < u64::MAX && !is_rotating(&folder)? && Instant::now() < patience {}
    child.kill()?;
    child.wait()?;
    // What the victim wrote before it was killed was acknowledged as well.
    while pipe.read_exact(&mut word).is_ok() {
        acknowledged = acknowledged.max(u64::from_le_bytes(word));
    }
    Ok(acknowledged)
}

/// Whether a journal has been begun whose snapshot is not there yet.
fn is_rotating(folder: &Folder) -> Result<bool, Failure> {
    let snapshot = folder.generations(Content::Snapshot)?.last().copied();
    Ok(snapshot < folder.generations(Content::Journal)?.last().copied())
}

/// Add to the newest journal what a crash may leave there; whether anything was added.
fn damage_tail(folder: &Folder, chance: &mut Stream) -> Result<bool, Failure> {
    let Some(&newest) = folder.generations(Content::Journal)?.last() else { return Ok(false) };
    let bytes = folder.read(Content::Journal, newest)?;
    let mut tail =
        bytes[bytes.len() - chance.below(1 + bytes.len().min(300) as u64) as usize..].to_vec();
    match chance.below(3) {
        0 => return Ok(false),
        1 => {}
        _ => {
            for byte in &mut tail {
                *byte ^= u8::from(chance.below(20) == 0) * chance.below(256) as u8;
            }
        }
    }
    let mut file = OpenOptions::new().append(true).open(folder.file(Content::Journal, newest))?;
    file.write_all(&tail)?;
    Ok(!tail.is_empty())
}

fn flip(path: &Path, chance: &mut Stream) -> Result<(), Failure> {
    let mut bytes = std::fs::read(path)?;
    let at = chance.below(bytes.len() as u64) as usize;
    bytes[at] ^= 1 << chance.below(8);
    Ok(std::fs::write(path, bytes)?)
}
