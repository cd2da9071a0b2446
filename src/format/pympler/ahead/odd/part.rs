//! What an odd dump consists of. Any value may be what no pickler writes in its place.

/// A part of the list of objects, and what stands between them.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// These objects one behind the other, and all of it so many times.
    Objects { of: Vec<Object>, times: usize },
    /// None, pushed and popped.
    Pop,
    /// The head of a frame that says it has so many bytes.
    FrameHead(u64),
    /// The last object is stored in the memo so many times.
    Memoize(usize),
    /// The last object is stored under a number of the file's choice.
    Put(Place),
    /// So many of the last bytes once more, as a value of type bytes that is popped. Objects seem
    /// to begin in it.
    Bytes(usize),
    /// The list of objects ends, and that of another class begins.
    NextClass,
    /// None so many times, which stay on the stack: more than any pickler leaves there.
    Nones(usize),
}

/// A number of the memo to store under.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// One that is in use.
    Used(usize),
    /// The next free one, or one so far behind it.
    Free(u32),
}

/// A `TrackedObject`.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// The attributes in their order; some may be missing, some given twice.
    pub(super) keys: Vec<Key>,
    pub(super) has_long_get: bool,
    pub(super) address: i128,
    pub(super) repr: Text,
    pub(super) name: Text,
    pub(super) birth: f64,
    pub(super) death: Option<f64>,
    pub(super) trace: Trace,
    pub(super) level: i128,
    pub(super) samples: Samples,
}

/// A text, or what stands in the place of one.
#[derive(Clone, Debug)]
pub(super) enum Text {
    None,
    /// One that was never there before.
    New,
    /// One of [`TEXTS`].
    Usual(usize),
    /// One of them, not stored in the memo.
    Unstored(usize),
    /// The last repr once more, in full.
    Repr,
    Known(Known),
}

/// A reference to an entry of the memo by its number.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// The one of this kind that so many others follow.
    Of(Kind, usize),
    /// Whatever was stored so many entries ago.
    Any(usize),
    /// One that is not stored yet.
    Later(usize),
}

#[derive(Clone, Debug)]
pub(super) enum Trace {
    None,
    Empty { is_marked: bool },
    Frames(Vec<Frame>),
    Known(Known),
}

#[derive(Clone, Debug)]
pub(super) enum Frame {
    New {
        file: Text,
        line: i128,
        function: Text,
        source: Source,
        is_stored: bool,
    },
    Known(Known),
}

/// The lines of source of a frame, and which of them is meant.
#[derive(Clone, Debug)]
pub(super) enum Source {
    None,
    Line(Text, i128),
    Known(Known),
}

#[derive(Clone, Debug)]
pub(super) enum Samples {
    /// In one batch, or one by one.
    New {
        of: Vec<Sample>,
        is_batch: bool,
    },
    Known(Known),
}

#[derive(Clone, Debug)]
pub(super) enum Sample {
    /// As many in a row that differ by nothing.
    New {
        time: f64,
        asized: Asized,
        is_stored: bool,
        times: usize,
    },
    Known(Known),
}

/// An `Asized`: how large something is, and what it refers to.
#[derive(Clone, Debug)]
pub(super) enum Asized {
    New {
        keys: Vec<Key>,
        name: Text,
        size: i128,
        flat: i128,
        referents: Referents,
    },
    Known(Known),
}

#[derive(Clone, Debug)]
pub(super) enum Referents {
    New {
        of: Vec<Asized>,
        is_marked: bool,
        is_stored: bool,
    },
    Known(Known),
}

/// What kinds of memo entries there are.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Kind {
    Text,
    Object,
    Asized,
    Referents,
    Sample,
    Samples,
    Frame,
    Trace,
    Source,
    Other,
}

/// The names of attributes, in the order in which the memo has them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    Id,
    Repr,
    Name,
    Birth,
    Death,
    Trace,
    Snapshots,
    ResolutionLevel,
    Flat,
    Refs,
    Size,
}

pub(super) const KEY_NAMES: [&str; 11] = [
    "id",
    "repr",
    "name",
    "birth",
    "death",
    "trace",
    "snapshots",
    "_resolution_level",
    "flat",
    "refs",
    "size",
];

pub(super) const OBJECT_KEYS: [Key; 8] = [
    Key::Id,
    Key::Repr,
    Key::Name,
    Key::Birth,
    Key::Death,
    Key::Trace,
    Key::Snapshots,
    Key::ResolutionLevel,
];

pub(super) const ASIZED_KEYS: [Key; 4] = [Key::Flat, Key::Name, Key::Refs, Key::Size];

pub(super) const TEXTS: [&str; 7] = [
    "C",
    "",
    "id",
    "name",
    "(1, 2)",
    "<a name of more than a few bytes>",
    "é",
];

impl Object {
    /// As Pympler writes most: with samples of its own size, named as the object.
    pub(super) fn usual() -> Object {
        let sample = |time, size| Sample::New {
            time,
            asized: Asized::leaf(Text::Repr, size),
            is_stored: true,
            times: 2,
        };
        Object {
            keys: OBJECT_KEYS.to_vec(),
            has_long_get: false,
            address: 1 << 40,
            repr: Text::New,
            name: Text::Usual(0),
            birth: 1.0,
            death: None,
            trace: Trace::None,
            level: 0,
            samples: Samples::New {
                of: vec![sample(1.0, 100), sample(2.0, 120)],
                is_batch: true,
            },
        }
    }

    /// Without the attribute `snapshots`.
    pub(super) fn without_samples() -> Object {
        let mut object = Object::usual();
        object.keys.retain(|key| !matches!(key, Key::Snapshots));
        object
    }

    /// With what no object may be without.
    pub(super) fn small() -> Object {
        Object {
            keys: vec![Key::Id, Key::Birth],
            ..Object::usual()
        }
    }

    pub(super) fn times(self, times: usize) -> Part {
        Part::Objects {
            of: vec![self],
            times,
        }
    }
}

impl Asized {
    pub(super) fn leaf(name: Text, size: i128) -> Asized {
        Asized::New {
            keys: ASIZED_KEYS.to_vec(),
            name,
            size,
            flat: 50,
            referents: Referents::New {
                of: Vec::new(),
                is_marked: false,
                is_stored: false,
            },
        }
    }
}
