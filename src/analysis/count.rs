//! How many objects pass a filter.

use serde::Serialize;

use crate::error::Error;
use crate::model::{Column, Projection, Rows};
use crate::select::Filter;
use crate::source::Source;

/// What to count.
#[derive(Clone, Debug, Default)]
pub struct CountOptions {
    /// Which objects.
    pub filter: Filter,
}

impl CountOptions {
    /// What it looks at of objects.
    pub fn projection(&self) -> Projection {
        Projection::of([Column::Death]).and(self.filter.projection())
    }
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Count {
    /// Those alive at the end of the recording.
    pub alive: u64,
    /// Those that died.
    pub died: u64,
}

impl Count {
    /// Counts. Fails if the dump cannot be read.
    pub fn of(source: &impl Source, options: &CountOptions) -> Result<Count, Error> {
        let dump = source.fetch(options.projection(), Rows::All)?;
        let mut count = Count::default();
        for object in options.filter.passing(&dump) {
            *(if object.is_alive() {
                &mut count.alive
            } else {
                &mut count.died
            }) += 1;
        }
        Ok(count)
    }
}
