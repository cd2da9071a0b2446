//! A pager between a report and the terminal, as git has one: whatever `CTSTATS_PAGER` or `PAGER`
//! names, else `less`. It is started when the report is ready, so that errors and remarks before
//! and after it stay on standard error and are seen.

#[cfg(unix)]
pub(crate) use running::{Pager, is_running, stop, turn_off};

/// Elsewhere than on Unix there is none.
#[cfg(not(unix))]
pub(crate) type Pager = std::io::Empty;

#[cfg(not(unix))]
pub(crate) fn turn_off() {}

#[cfg(not(unix))]
pub(crate) fn is_running() -> bool {
    false
}

#[cfg(not(unix))]
pub(crate) fn start() -> Option<Pager> {
    None
}

/// The pager of this terminal; `None` where none is wanted, needed, or to be had.
#[cfg(unix)]
pub(crate) fn start() -> Option<Pager> {
    running::start()
}

#[cfg(unix)]
mod running {
    use std::ffi::OsString;
    use std::io::{self, IsTerminal, Write};
    use std::process::{Child, ChildStdin, Command, Stdio};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::thread;

    /// The variables that name a pager. The first that is set counts; if it is empty, there is no
    /// pager.
    const VARIABLES: [&str; 2] = ["CTSTATS_PAGER", "PAGER"];

    /// What pagers are told unless the user tells them something else: `less` is to end at once if
    /// all fits the screen (F), to show colours (R), and to leave the screen as it is (X); `lv` is
    /// to show colours. A report is UTF-8 whatever the locale is.
    const SETTINGS: [(&str, &str); 3] = [("LESS", "FRX"), ("LV", "-c"), ("LESSCHARSET", "utf-8")];

    static IS_OFF: AtomicBool = AtomicBool::new(false);
    static IS_STOPPED: AtomicBool = AtomicBool::new(false);
    static RUNNING: Mutex<Option<Child>> = Mutex::new(None);

    /// From now on none is started.
    pub(crate) fn turn_off() {
        IS_OFF.store(true, Ordering::Relaxed);
    }

    /// Whether one has the terminal.
    pub(crate) fn is_running() -> bool {
        // Who holds the lock waits for it.
        RUNNING.try_lock().map_or(true, |running| running.is_some())
    }

    /// Ends the report, and waits until whoever reads it has left the pager: a signal from the
    /// keyboard reaches the pager as well, which goes on. Without a pager does nothing.
    pub(crate) fn stop() {
        IS_STOPPED.store(true, Ordering::SeqCst);
        wait();
    }

    /// The way into a pager. At the end waits until its user leaves it.
    pub(crate) struct Pager {
        pipe: Option<ChildStdin>,
    }

    pub(super) fn start() -> Option<Pager> {
        if IS_OFF.load(Ordering::Relaxed) || !io::stdout().is_terminal() || crate::cli::is_dumb() {
            return None;
        }
        let mut command = command()?;
        for (name, value) in SETTINGS {
            if std::env::var_os(name).is_none() {
                command.env(name, value);
            }
        }
        let mut running = lock();
        // A report without a pager is better than none.
        let mut child = command.stdin(Stdio::piped()).spawn().ok()?;
        let pipe = child.stdin.take();
        *running = Some(child);
        Some(Pager { pipe })
    }

    /// What starts the pager; `None` if there is to be none.
    fn command() -> Option<Command> {
        let Some(named) = VARIABLES.into_iter().find_map(std::env::var_os) else {
            return Some(Command::new("less"));
        };
        let text = named.to_string_lossy();
        if ["", "cat"].contains(&text.trim()) {
            return None;
        }
        // The shell outlives an interrupt, as the pager may do. What cannot be started has read
        // nothing, so that all of the report is there to be shown without it.
        let mut script = OsString::from("trap : INT QUIT\n");
        script.push(named);
        script.push("\ncase $? in 126|127) exec cat;; esac\n");
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        Some(command)
    }

    fn lock() -> MutexGuard<'static, Option<Child>> {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait() {
        let mut running = lock();
        if let Some(child) = &mut *running {
            // How it ended is its own affair.
            let _ = child.wait();
        }
        *running = None;
    }

    impl Write for Pager {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match &mut self.pipe {
                Some(pipe) if !IS_STOPPED.load(Ordering::SeqCst) => pipe.write(bytes),
                _ => Err(io::ErrorKind::BrokenPipe.into()),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Drop for Pager {
        fn drop(&mut self) {
            self.pipe = None;
            wait();
            // The thread that heeds signals ends the program, with the signal's exit status.
            while IS_STOPPED.load(Ordering::SeqCst) {
                thread::park();
            }
        }
    }
}
