//! A value on the machine's stack: small and `Copy`. Whatever has parts lives
//! elsewhere (the heap, the builder's columns) and is named here by number.

/// The type of a value that the builder finished, chosen by the builder.
pub(crate) type Kind = u8;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An int beyond 64 bits, by its number in the heap.
    Wide(u32),
    /// An int beyond 128 bits: the builder's number of the text of its decimal digits, or
    /// [`Value::ENDLESS`] where those are too many.
    Huge(u32),
    Float(f64),
    /// Text, by its number in the builder.
    Text(u32),
    /// Bytes, by the number of their text in the builder.
    Bytes(u32),
    /// A tuple that the builder did not take, by its number in the heap.
    Tuple(u32),
    /// A list, by its number in the heap.
    List(u32),
    /// A dict, by its number in the heap.
    Dict(u32),
    /// A global, by its number in the builder. Never imported.
    Class(u32),
    /// Something that the builder made and keeps: its kind and number.
    Built(Kind, u32),
}

impl Value {
    /// Stands for digits that nobody writes out: Python itself refuses to.
    pub(crate) const ENDLESS: u32 = u32::MAX;

    /// Python's name for the type, for messages.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Value::None => "None",
            Value::Bool(_) => "a bool",
            Value::Int(_) | Value::Wide(_) | Value::Huge(_) => "an int",
            Value::Float(_) => "a float",
            Value::Text(_) => "a str",
            Value::Bytes(_) => "bytes",
            Value::Tuple(_) => "a tuple",
            Value::List(_) => "a list",
            Value::Dict(_) => "a dict",
            Value::Class(_) => "a class",
            Value::Built(..) => "an instance",
        }
    }
}
