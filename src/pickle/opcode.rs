//! The opcodes of pickle protocols 0 to 5, one constant each.
//!
//! Names and meanings are those of CPython's `Lib/pickletools.py`. Each comment
//! says what the opcode reads from the file, then what it does to the stack.

macro_rules! opcodes {
    ($($(#[$doc:meta])* $name:ident = $byte:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: u8 = $byte;)*

        /// The name that `pickletools` gives to an opcode; `None` for a byte that is no opcode.
        pub(crate) fn name(byte: u8) -> Option<&'static str> {
            match byte {
                $($name => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}

opcodes! {
    /// Pushes a mark.
    MARK = b'(';
    /// Ends the pickle; the top of the stack is its value.
    STOP = b'.';
    /// Drops the top of the stack, a mark included.
    POP = b'0';
    /// Drops everything down to the last mark.
    POP_MARK = b'1';
    /// Pushes the top of the stack once more.
    DUP = b'2';
    /// Decimal line: a float.
    FLOAT = b'F';
    /// Decimal line: an int, or a bool for `00` and `01`.
    INT = b'I';
    /// 4 bytes, signed: an int.
    BININT = b'J';
    /// 1 byte: an int.
    BININT1 = b'K';
    /// Decimal line with a trailing `L`: an int.
    LONG = b'L';
    /// 2 bytes: an int.
    BININT2 = b'M';
    /// Pushes None.
    NONE = b'N';
    /// Line: an id of another store. Pympler writes none.
    PERSID = b'P';
    /// Pops an id of another store. Pympler writes none.
    BINPERSID = b'Q';
    /// Pops arguments and a callable, pushes the call's result.
    REDUCE = b'R';
    /// Line, quoted as Python 2's repr: an 8-bit string.
    STRING = b'S';
    /// 4-byte length, bytes: an 8-bit string.
    BINSTRING = b'T';
    /// 1-byte length, bytes: an 8-bit string.
    SHORT_BINSTRING = b'U';
    /// Line, raw-unicode-escape: text.
    UNICODE = b'V';
    /// 4-byte length, UTF-8: text.
    BINUNICODE = b'X';
    /// Pops a value, appends it to the list below.
    APPEND = b'a';
    /// Pops a state, gives it to the instance below.
    BUILD = b'b';
    /// Two lines, module and name: a global.
    GLOBAL = b'c';
    /// Pops down to the mark: a dict of keys and values in turn.
    DICT = b'd';
    /// Pushes an empty dict.
    EMPTY_DICT = b'}';
    /// Pops down to the mark, appends all to the list below it.
    APPENDS = b'e';
    /// Line: pushes a memo entry.
    GET = b'g';
    /// 1 byte: pushes a memo entry.
    BINGET = b'h';
    /// Two lines, module and name; pops arguments down to the mark: an instance.
    INST = b'i';
    /// 4 bytes: pushes a memo entry.
    LONG_BINGET = b'j';
    /// Pops down to the mark: a list.
    LIST = b'l';
    /// Pushes an empty list.
    EMPTY_LIST = b']';
    /// Pops down to the mark, a class and its arguments: an instance.
    OBJ = b'o';
    /// Line: stores the top of the stack in the memo.
    PUT = b'p';
    /// 1 byte: stores the top of the stack in the memo.
    BINPUT = b'q';
    /// 4 bytes: stores the top of the stack in the memo.
    LONG_BINPUT = b'r';
    /// Pops a value and a key, sets them in the dict below.
    SETITEM = b's';
    /// Pops down to the mark: a tuple.
    TUPLE = b't';
    /// Pushes an empty tuple.
    EMPTY_TUPLE = b')';
    /// Pops keys and values down to the mark, sets them in the dict below it.
    SETITEMS = b'u';
    /// 8 bytes, big-endian: a float.
    BINFLOAT = b'G';

    /// 1 byte: the protocol (protocol 2 and later).
    PROTO = 0x80;
    /// Pops arguments and a class: an instance by `cls.__new__(cls, *args)`.
    NEWOBJ = 0x81;
    /// 1 byte: a registered extension. Pympler writes none.
    EXT1 = 0x82;
    /// 2 bytes: a registered extension. Pympler writes none.
    EXT2 = 0x83;
    /// 4 bytes: a registered extension. Pympler writes none.
    EXT4 = 0x84;
    /// Pops 1 value: a tuple.
    TUPLE1 = 0x85;
    /// Pops 2 values: a tuple.
    TUPLE2 = 0x86;
    /// Pops 3 values: a tuple.
    TUPLE3 = 0x87;
    /// Pushes True.
    NEWTRUE = 0x88;
    /// Pushes False.
    NEWFALSE = 0x89;
    /// 1-byte length, two's complement little-endian: an int.
    LONG1 = 0x8a;
    /// 4-byte length, two's complement little-endian: an int.
    LONG4 = 0x8b;

    /// 4-byte length, bytes: bytes (protocol 3).
    BINBYTES = b'B';
    /// 1-byte length, bytes: bytes (protocol 3).
    SHORT_BINBYTES = b'C';

    /// 1-byte length, UTF-8: text (protocol 4).
    SHORT_BINUNICODE = 0x8c;
    /// 8-byte length, UTF-8: text (protocol 4).
    BINUNICODE8 = 0x8d;
    /// 8-byte length, bytes: bytes (protocol 4).
    BINBYTES8 = 0x8e;
    /// Pushes an empty set.
    EMPTY_SET = 0x8f;
    /// Pops down to the mark, adds all to the set below it.
    ADDITEMS = 0x90;
    /// Pops down to the mark: a frozenset.
    FROZENSET = 0x91;
    /// Pops keyword arguments, arguments and a class: an instance.
    NEWOBJ_EX = 0x92;
    /// Pops a name and a module: a global.
    STACK_GLOBAL = 0x93;
    /// Stores the top of the stack under the memo's next free number.
    MEMOIZE = 0x94;
    /// 8 bytes: the length of the frame that begins here. A read-ahead hint.
    FRAME = 0x95;

    /// 8-byte length, bytes: a bytearray (protocol 5).
    BYTEARRAY8 = 0x96;
    /// Pushes a buffer kept outside of the pickle. Pympler writes none.
    NEXT_BUFFER = 0x97;
    /// Makes the buffer on top of the stack read-only.
    READONLY_BUFFER = 0x98;
}
