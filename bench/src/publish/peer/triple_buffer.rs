//! triple_buffer: one writer, one reader, and a third value between them so that neither waits.

use triple_buffer::{Input, Output, TripleBuffer};

use crate::publish::role::{Enter, Peer, Reader, Write};
use crate::publish::subject::{Subject, Value};

pub(crate) enum Triple {}

pub(crate) struct Session<'a>(&'a mut Output<Value>);

impl Peer<Value> for Triple {
    const READERS: usize = 1;
    type Writer = Input<Value>;
    type Reader = Output<Value>;

    fn open(readers: usize) -> (Input<Value>, Vec<Output<Value>>) {
        assert_eq!(readers, 1, "there is one reader");
        let (writer, reader) = TripleBuffer::new(&Value::fresh()).split();
        (writer, vec![reader])
    }
}

impl Write<Value> for Input<Value> {
    fn publish(&mut self, changes: impl Iterator<Item = Value>) {
        if let Some(value) = changes.last() {
            self.write(value);
        }
    }
}

impl Reader<Value> for Output<Value> {
    type Session<'a> = Session<'a>;

    fn session(&mut self) -> Session<'_> {
        Session(self)
    }
}

impl Enter<Value> for Session<'_> {
    const GUARDS: bool = false;
    type Guard<'b>
        = &'b Value
    where
        Self: 'b;

    #[inline]
    fn enter(&mut self) -> &Value {
        self.0.read()
    }
}
