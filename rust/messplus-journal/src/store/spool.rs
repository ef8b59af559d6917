//! What a replica did, on file until the log has it.
//!
//! Written before a call returns, so a killed replica loses nothing: whoever finds its pages sends what
//! they hold. A page is a header and frames, whose chain begins anew at zero wherever the replica took
//! frames for the log.
//!
//! ```text
//! "MESSPOOL"  format u32  replica u64  first u64  chain u32  crc32 of all before
//! ```

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Mutex;

use messplus_base::wire::{Reader, Writer};

use super::failures::{FailureKind, FailureLog};
use crate::controller::JournaledController;
use crate::error;
use crate::folder::file;
use crate::format::frames;
use crate::sync::lock;

const LABEL: &[u8] = b"MESSPOOL";
const FORMAT: u32 = 1;
/// Bytes of a page after which the next one begins.
const PAGE: u64 = 4 << 20;
/// Bytes kept in memory while the disk refuses them.
const MAX_KEPT: usize = 1 << 20;

/// Where a replica spools.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The folder.
    pub folder: PathBuf,
    /// The replica.
    pub replica: u64,
    /// Whether what is written lasts before a call returns.
    pub each: bool,
}

#[derive(Debug)]
pub struct Spool {
    pages: Mutex<Pages>,
    failures: FailureLog,
}

#[derive(Debug, Default)]
struct Pages {
    place: Place,
    /// The page being written; none where the next transition begins one.
    page: Option<Page>,
    /// Paths of pages before, and the last number of each.
    full: VecDeque<(PathBuf, u64)>,
    /// What the last frame taken from the controller leads up to: its checksum, and its number.
    taken: (u32, u64),
    /// What the first frame that is not on file follows.
    begin: (u32, u64),
    unwritten: Writer,
    is_closed: bool,
}

#[derive(Debug)]
struct Page {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Spool {
    /// Spool what happens to a controller from now on.
    pub fn new(place: Place, live: &mut JournaledController) -> Self {
        let pages = Mutex::new(Pages::new(place, live));
        Self { pages, failures: FailureLog::default() }
    }

    /// Begin anew, for another replica. Pages written before stay as they are: in a forked child they are
    /// the parent's.
    pub fn begin(&self, place: Place, live: &Mutex<JournaledController>) {
        let mut pages = lock(&self.pages);
        *pages = Pages::new(place, &mut lock(live));
    }

    /// Put on file what happened to the controller. Never fails: what does is counted.
    pub fn commit(&self, live: &Mutex<JournaledController>) {
        let pages = &mut *lock(&self.pages);
        let before = pages.unwritten.len();
        // Frames leave the controller under this lock, so their order on file is that of transitions.
        pages.taken = lock(live).take_unspooled(&mut pages.unwritten);
        if pages.unwritten.len() == before {
            return;
        }
        if pages.is_closed {
            pages.unwritten.clear();
            let message = "a closed router routes on in memory, unrecorded";
            return self.note(pages, FailureKind::Closed, message);
        }
        if let Err((kind, error)) = pages.write() {
            self.note(pages, kind, &error.to_string());
        }
    }

    /// Remove pages of which the log has everything.
    pub fn drop_until(&self, number: u64) {
        let pages = &mut *lock(&self.pages);
        if pages.page.as_ref().is_some_and(|page| page.length >= PAGE) {
            pages.turn();
        }
        while let Some((path, _)) = pages.full.pop_front_if(|(_, last)| *last <= number) {
            let _ = fs::remove_file(path);
        }
    }

    /// Write nothing any more.
    pub fn end(&self, number: u64) {
        let mut pages = lock(&self.pages);
        pages.turn();
        pages.is_closed = true;
        drop(pages);
        self.drop_until(number);
    }

    pub fn failures(&self) -> &FailureLog {
        &self.failures
    }

    fn note(&self, pages: &Pages, kind: FailureKind, message: &str) {
        if self.failures.count(kind) {
            self.failures.report(format!("{}: {message}", pages.place.folder.display()));
        }
    }
}

impl Pages {
    fn new(place: Place, live: &mut JournaledController) -> Self {
        let taken = live.begin_spool();
        Self { place, taken, begin: taken, ..Self::default() }
    }

    /// Put on file what is not.
    fn write(&mut self) -> Result<(), (FailureKind, io::Error)> {
        let created = self.page.take().map_or_else(|| self.create(), Ok);
        let page = self.page.insert(created.map_err(|error| (FailureKind::Write, error))?);
        if let Err(error) = page.file.write_all(self.unwritten.as_bytes()) {
            // Whole frames only: the next one must follow the last.
            let is_cut = page.file.set_len(page.length).is_ok();
            if !is_cut || self.unwritten.len() > MAX_KEPT {
                self.turn();
                self.forget();
            }
            return Err((FailureKind::Write, error));
        }
        page.length += self.unwritten.len() as u64;
        let synced = if self.place.each { page.file.sync_data() } else { Ok(()) };
        self.forget();
        synced.map_err(|error| (FailureKind::Sync, error))
    }

    /// The next frames to be put on file follow those taken.
    fn forget(&mut self) {
        self.unwritten.clear();
        self.begin = self.taken;
    }

    fn create(&self) -> io::Result<Page> {
        let Place { folder, replica, each } = &self.place;
        let (chain, number) = self.begin;
        let first = number + 1;
        let path = folder.join(format!("spool-{replica:016x}-{first:016x}"));
        let mut header = Writer::default();
        header.bytes(LABEL);
        header.u32(FORMAT);
        header.u64s(&[*replica, first]);
        header.u32(chain);
        let header = header.seal();
        let mut file = file::create(&path)?;
        let written = file
            .write_all(&header)
            .and_then(|()| if *each { File::open(folder)?.sync_all() } else { Ok(()) });
        written.inspect_err(|_| _ = fs::remove_file(&path))?;
        Ok(Page { path, file, length: header.len() as u64 })
    }

    /// Begin another page with the next transition.
    fn turn(&mut self) {
        if let Some(Page { path, .. }) = self.page.take() {
            self.full.push_back((path, self.begin.1));
        }
    }
}

/// What a page of a spool holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spooled {
    /// The replica.
    pub replica: u64,
    /// Number of its first transition here.
    pub first: u64,
    /// Transitions.
    pub count: u64,
    /// Their frames, a chain that begins at zero.
    pub frames: Vec<u8>,
}

impl Spooled {
    /// Read a page, as far as its frames are whole.
    ///
    /// # Errors
    ///
    /// Its header is damaged, or of another format.
    pub fn read(bytes: &[u8]) -> error::Result<Self> {
        const HEADER: usize = 8 + 4 + 8 + 8 + 4 + 4;
        let mut input = Reader::new(&bytes[..HEADER.min(bytes.len())]);
        let header = (|| {
            input.label(LABEL)?;
            input.format(FORMAT)?;
            input.checksum()?;
            Ok::<_, messplus_base::wire::WireError>((input.u64()?, input.u64()?, input.u32()?))
        })();
        let (replica, first, mut chain) = header.map_err(messplus_core::Error::from)?;
        let (mut count, mut frames, mut linked) = (0, Writer::default(), 0);
        let mut rest = &bytes[HEADER..];
        while let Some((transition, sum, after)) =
            frames::cut(rest, chain).or_else(|| frames::cut(rest, 0))
        {
            linked = frames::append(&mut frames, linked, |out| out.bytes(transition));
            (chain, rest) = (sum, after);
            count += 1;
        }
        Ok(Self { replica, first, count, frames: frames.into_bytes() })
    }
}
