//! The table of sources: which name belongs to which id.

use std::collections::BTreeMap;

use crate::error::Fault;
use crate::layout::{MAX_NAME, MAX_SOURCES};

/// Names by id, as collected from the tables read (or written) so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    names: BTreeMap<u16, String>,
}

impl Sources {
    /// The name of a source, if a table has named it so far.
    #[must_use]
    pub fn name(&self, id: u16) -> Option<&str> {
        self.names.get(&id).map(String::as_str)
    }

    /// Ids and names, by id.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &str)> {
        self.names.iter().map(|(id, name)| (*id, name.as_str()))
    }

    /// How many sources have names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether no source has a name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Adds one name. A name may be repeated, but not changed: records already read would change theirs.
    pub(crate) fn insert(&mut self, id: u16, name: &str) -> Result<(), Fault> {
        if usize::from(id) >= MAX_SOURCES {
            return Err(Fault::SourceId);
        }
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(Fault::SourceName { id, len: name.len() });
        }
        match self.names.get(&id) {
            Some(known) if known == name => Ok(()),
            Some(_) => Err(Fault::SourceRenamed { id }),
            None => {
                self.names.insert(id, name.to_owned());
                Ok(())
            }
        }
    }

    /// Adds the `count` entries of a table block, all of them or none.
    pub(crate) fn absorb(&mut self, body: &[u8], count: u32) -> Result<(), Fault> {
        let mut fresh = Self::default();
        let mut rest = body;
        for _ in 0..count {
            let (&[i0, i1, n0, n1], behind) = rest.split_first_chunk().ok_or(Fault::SourcesTable)?;
            let id = u16::from_le_bytes([i0, i1]);
            let len = usize::from(u16::from_le_bytes([n0, n1]));
            let (name, behind) = behind.split_at_checked(len).ok_or(Fault::SourcesTable)?;
            let name = std::str::from_utf8(name).map_err(|_| Fault::SourceNameUtf8 { id })?;
            if self.names.get(&id).is_some_and(|known| known != name) {
                return Err(Fault::SourceRenamed { id });
            }
            fresh.insert(id, name)?;
            rest = behind;
        }
        if rest.len() >= 8 || rest.iter().any(|byte| *byte != 0) {
            return Err(Fault::SourcesTable);
        }
        self.names.append(&mut fresh.names);
        Ok(())
    }

    /// The body of a table block with these entries.
    pub(crate) fn encode(entries: &[(u16, &str)]) -> Vec<u8> {
        let mut body = Vec::new();
        for (id, name) in entries {
            body.extend_from_slice(&id.to_le_bytes());
            body.extend_from_slice(&(name.len() as u16).to_le_bytes());
            body.extend_from_slice(name.as_bytes());
        }
        body.resize(body.len().next_multiple_of(8), 0);
        body
    }
}
