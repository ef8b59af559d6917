//! Names that people give. They are shown in terminals, pages, logs and tables, far from here.

use crate::error::{Error, Result};

/// Longest name in bytes.
const LONGEST: usize = 1024;

/// Checks the name of a model or of a service level.
pub(crate) fn check(name: &str, field: impl Fn() -> String) -> Result<()> {
    if name.is_empty() {
        return Err(Error::config(field(), "must not be empty", "\"\""));
    }
    if name.len() > LONGEST {
        let found = format!("{} bytes", name.len());
        return Err(Error::config(field(), "must be at most 1024 bytes long", found));
    }
    if !is_one_line(name) {
        return Err(Error::config(field(), "must have no control characters", format!("{name:?}")));
    }
    Ok(())
}

/// Whether no character moves a cursor, breaks the line, or turns what follows around.
pub(crate) fn is_one_line(name: &str) -> bool {
    !name.chars().any(|character| {
        character.is_control()
            || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_on_one_line() {
        for name in ["gpt-4o mini", "Müller/大-7b", "=1+2", "a\u{301}", "👩‍💻"] {
            check(name, || "name".into()).expect(name);
        }
        for name in ["", "a\u{1b}[31m", "a\nb", "a\0", "\u{9b}m", "a\u{202e}b", "\u{2028}"] {
            check(name, || "name".into()).expect_err(name);
        }
    }
}
