//! Which model served a conversation last, because changing models throws prompt caches away.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};

/// Conversations remembered.
const CAPACITY: usize = 1 << 14;
const FREE: u8 = u8::MAX;

/// The last model per conversation, in a table of fixed size.
///
/// A conversation is a 64-bit hash of its key; its place is given by the low bits, and a newer one
/// takes the place of an older. What is forgotten costs a cache miss, nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct Sessions {
    places: Vec<(u64, u8)>,
}

impl Sessions {
    /// An empty table, which remembers nothing unless `wanted`.
    pub fn new(wanted: bool) -> Self {
        Self { places: vec![(0, FREE); if wanted { CAPACITY } else { 0 }] }
    }

    /// The model that served this conversation last, if it is remembered.
    pub fn model(&self, session: u64) -> Option<usize> {
        let &(key, model) = self.places.get(session as usize & (CAPACITY - 1))?;
        (key == session && model != FREE).then_some(usize::from(model))
    }

    /// A model, `< 64`, serves this conversation.
    pub fn remember(&mut self, session: u64, model: usize) {
        if let Some(place) = self.places.get_mut(session as usize & (CAPACITY - 1)) {
            *place = (session, model as u8);
        }
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        let taken = || self.places.iter().filter(|&&(_, model)| model != FREE);
        out.u64(taken().count() as u64);
        for &(session, model) in taken() {
            out.u64s(&[session, model.into()]);
        }
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>, n_models: usize) -> Result<()> {
        let taken = input.u64()?;
        if taken > self.places.len() as u64 {
            return Err(Error::state("must remember at most 16384 conversations", taken));
        }
        for _ in 0..taken {
            let (session, model) = (input.u64()?, input.u64()?);
            if model >= n_models as u64 {
                return Err(Error::state("conversations must name models of the zoo", model));
            }
            self.remember(session, model as usize);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, Sessions};

    #[test]
    fn remembers_the_last_model_of_the_newest_conversations() {
        let mut sessions = Sessions::new(true);
        sessions.remember(7, 1);
        sessions.remember(7, 2);
        assert_eq!((sessions.model(7), sessions.model(8)), (Some(2), None));
        sessions.remember(7 + CAPACITY as u64, 3);
        assert_eq!(sessions.model(7), None);
    }

    #[test]
    fn remembers_nothing_unless_wanted() {
        let mut sessions = Sessions::new(false);
        sessions.remember(7, 1);
        assert_eq!(sessions.model(7), None);
    }
}
