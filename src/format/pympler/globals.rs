//! The globals that dumps name, and what they mean to the loader. Names only:
//! nothing is looked up, imported or called.

/// What a global is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    TrackedObject,
    Asized,
    Snapshot,
    /// `_ProcessMemoryInfo` and its platforms, by number.
    Process(u8),
    /// `dict` and what is like it: `defaultdict`, `OrderedDict`.
    Dict,
    /// `list` and `object`, which stand in arguments only.
    Builtin,
    /// `copyreg._reconstructor(cls, base, state)` of protocols 0 and 1.
    Reconstructor,
    /// `copyreg.__newobj__(cls, *args)`.
    NewObj,
    /// A class or function of the program's, or of nobody's. Its instances stay opaque.
    Unknown,
}

/// The process classes of `pympler.process`, in the order of their numbers.
pub(super) const PROCESS_CLASSES: [&str; 5] = [
    "_ProcessMemoryInfo",
    "_ProcessMemoryInfoProc",
    "_ProcessMemoryInfoPS",
    "_ProcessMemoryInfoResource",
    "_ProcessMemoryInfoWin32",
];

/// Recognises a global by its full name. A dotted name is a name, not a path.
pub(super) fn recognise(module: &[u8], name: &[u8]) -> Global {
    match (module, name) {
        (b"pympler.classtracker", b"TrackedObject") => Global::TrackedObject,
        (b"pympler.classtracker", b"Snapshot") => Global::Snapshot,
        (b"pympler.asizeof", b"Asized") => Global::Asized,
        (b"pympler.process", name) => PROCESS_CLASSES
            .iter()
            .position(|class| class.as_bytes() == name)
            .map_or(Global::Unknown, |number| Global::Process(number as u8)),
        (b"collections", b"defaultdict" | b"OrderedDict") => Global::Dict,
        (b"builtins" | b"__builtin__", b"dict") => Global::Dict,
        (b"builtins" | b"__builtin__", b"list" | b"object") => Global::Builtin,
        (b"copy_reg" | b"copyreg", b"_reconstructor") => Global::Reconstructor,
        (b"copy_reg" | b"copyreg", b"__newobj__") => Global::NewObj,
        _ => Global::Unknown,
    }
}
