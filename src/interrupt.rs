//! What is left to do when the program is told to stop.

#[cfg(unix)]
pub(crate) use heeded::{heed_limits, heed_memory, leave_nothing_behind};

#[cfg(not(unix))]
pub(crate) fn leave_nothing_behind() {}

#[cfg(not(unix))]
pub(crate) fn heed_limits() {}

#[cfg(not(unix))]
pub(crate) fn heed_memory(_: u8) {}

#[cfg(unix)]
mod heeded {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Once, mpsc};
    use std::thread;

    use signal_hook::consts::*;
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    /// The signals that end a program and leave it time.
    const STOPS: [i32; 10] = [
        SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU,
    ];

    /// From now on a file that grows beyond what is allowed (`ulimit -f`) fails as one on a full
    /// disk does, in place of ending the program.
    pub(crate) fn heed_limits() {
        static HAS_COME: AtomicBool = AtomicBool::new(false);
        // Without it a file of a strange name may stay, which is no reason not to go on.
        let _ = signal_hook::flag::register(SIGXFSZ, &HAS_COME);
    }

    /// From now on a program that gets no more memory ends as one that failed: Rust says so in a
    /// line and aborts, and nothing can be done by then but to choose the exit status, which is
    /// also that of a SIGABRT from outside. A panic, which is a bug, aborts as ever, but for the
    /// panic of the standard library where a new thread gets no memory for its signal stack.
    pub(crate) fn heed_memory(failed: u8) {
        static IS_MEMORY: AtomicBool = AtomicBool::new(true);
        let tell = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let message = panic.payload().downcast_ref::<String>();
            if !message.is_some_and(|message| names_missing_memory(message)) {
                IS_MEMORY.store(false, Ordering::Relaxed);
            }
            tell(panic);
        }));
        let status = failed.into();
        let _ = signal_hook::flag::register_conditional_shutdown(SIGABRT, status, &IS_MEMORY);
    }

    /// Whether the message ends as an I/O error of the system does that says: no memory.
    fn names_missing_memory(message: &str) -> bool {
        message.ends_with(&format!("(os error {NO_MEMORY})"))
    }

    /// ENOMEM, the same number on every Unix.
    const NO_MEMORY: i32 = 12;

    /// From now on a signal to stop waits for the pager if there is one, takes away the unfinished
    /// output file, and then does what it always does. Signals that were ignored from the start
    /// (`nohup`) go on being ignored.
    pub(crate) fn leave_nothing_behind() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let (give, take) = mpsc::channel::<Signals>();
            let heed = move || {
                let Ok(mut signals) = take.recv() else { return };
                for signal in signals.forever() {
                    crate::pager::stop();
                    ctstats::output::remove_unfinished();
                    let _ = emulate_default_handler(signal);
                }
            };
            // Where no thread can be started nobody would heed them, so they stay what they are.
            // A file of a strange name may stay then.
            let heeding = thread::Builder::new().name("signals".into()).spawn(heed);
            let ignored = ignored();
            let stops = STOPS
                .iter()
                .filter(|&signal| ignored >> (signal - 1) & 1 == 0);
            if heeding.is_ok()
                && let Ok(signals) = Signals::new(stops)
            {
                let _ = give.send(signals);
            }
        });
    }

    /// The signals that are ignored, a bit each, as far as the system says so.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mut lines = status.lines();
        let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or_default()
    }

    #[cfg(test)]
    mod tests {
        use super::names_missing_memory;

        #[test]
        fn a_thread_without_memory_is_no_bug() {
            let error = std::io::Error::from_raw_os_error(super::NO_MEMORY);
            assert_eq!(error.kind(), std::io::ErrorKind::OutOfMemory);
            // As std::sys::pal::unix::stack_overflow of Rust 1.95 says it.
            let message = format!("failed to allocate an alternative stack: {error}");
            assert!(names_missing_memory(&message));
            assert!(!names_missing_memory("index out of bounds: the len is 12"));
        }
    }
}
