//! Folders of every format are read forever.

use std::path::Path;

use messplus_journal::{Folder, recover};

/// Written before transitions had kinds of failures; its last one is a failure. Recovery checks that
/// every replayed decision is the recorded one.
#[test]
fn a_journal_of_format_2_is_replayed_to_its_end() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/journal_v2");
    let recovered = recover(&Folder::new(path)).expect("reads").expect("holds a router");
    assert_eq!(recovered.notes, Vec::<String>::new());
    assert_eq!((recovered.torn_bytes, recovered.generation), (0, 1));
    assert_eq!((recovered.replayed, recovered.sequence), (94, 94));
    assert_eq!(recovered.controller.step(), 51);
}
