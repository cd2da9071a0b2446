//! What happens before `main`: Rust opens `/dev/null` in place of standard streams that are
//! closed (`ctstats … >&-`), and from then on nobody can know that a report goes nowhere.

use std::fs::File;
use std::os::fd::{AsRawFd, IntoRawFd};

/// The last of the three standard streams.
const STANDARD_ERROR: i32 = 2;

/// Puts something that cannot be written to in place of closed standard streams, so that writing
/// to them is an error, as for every other program.
///
/// Nothing of Rust is set up when this runs, so it does as little as can be: opening a file needs
/// no more than the system.
#[ctor::ctor(unsafe)]
fn keep_closed_what_is_closed() {
    // The lowest free number is taken each time, so this ends behind the standard streams.
    while let Ok(file) = File::open("/dev/null") {
        if file.as_raw_fd() > STANDARD_ERROR {
            break;
        }
        let _ = file.into_raw_fd();
    }
}
