//! How far a long read or write has come, on standard error.
//!
//! A thread looks at a counter, so that the work itself only counts. Nothing is shown in
//! the first second: most work is done by then.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use ctstats::ByteCount;
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What takes less is not worth a bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a bar moves.
const FRAME: Duration = Duration::from_millis(100);

/// When to show progress: a bar where standard error is a terminal, a line a second where it
/// is none and progress is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

/// Shows progress until it is dropped.
pub(crate) struct Progress {
    watcher: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Watches a count of bytes that is to reach `total`, if that is known.
    pub(crate) fn watch(when: When, what: String, count: ByteCount, total: Option<u64>) -> Self {
        // A bar is drawn with escape sequences.
        let terminal = io::stderr().is_terminal() && !crate::cli::is_dumb();
        let shown = match when {
            When::Auto => terminal,
            When::Always => true,
            When::Never => false,
        };
        let watcher = shown.then(|| -> Option<_> {
            let (done, is_done) = channel::<()>();
            let watch = move || {
                let over = |wait| is_done.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
                if terminal {
                    draw(&what, &count, total, over);
                } else {
                    tell(&what, &count, total, over);
                }
            };
            // A bar that cannot be shown costs nobody his result.
            let watching = thread::Builder::new().name("progress".into()).spawn(watch);
            watching.ok().map(|watching| (done, watching))
        });
        Progress {
            watcher: watcher.flatten(),
        }
    }

    /// Watches a file being read.
    pub(crate) fn reading(when: When, path: &Path, count: ByteCount) -> Self {
        let total = std::fs::metadata(path).ok().filter(|file| file.is_file());
        let name = if path == Path::new("-") {
            "standard input".into()
        } else {
            path.display().to_string()
        };
        let what = format!("reading {}", ctstats::units::escaped(&name));
        Progress::watch(when, what, count, total.map(|file| file.len()))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, watcher)) = self.watcher.take() {
            drop(done);
            // A bar that failed has cost nobody his result.
            let _ = watcher.join();
        }
    }
}

/// Draws a bar, and takes it away in the end.
fn draw(what: &str, count: &ByteCount, total: Option<u64>, over: impl Fn(Duration) -> bool) {
    let template = match total {
        Some(_) => "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        None => "{msg} {bytes} {bytes_per_sec}",
    };
    // The rate is that of the whole time, so it counts from the start and shows later.
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
    bar.set_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    let start = Instant::now();
    // The terminal is the pager's once there is one.
    while !over(FRAME) && !crate::pager::is_running() {
        bar.set_position(count.get());
        if bar.is_hidden() && start.elapsed() > PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
    bar.finish_and_clear();
}

/// Writes a line a second.
fn tell(what: &str, count: &ByteCount, total: Option<u64>, over: impl Fn(Duration) -> bool) {
    let start = Instant::now();
    while !over(PATIENCE) {
        let bytes = count.get();
        let rate = bytes as f64 / start.elapsed().as_secs_f64();
        let of = total.map_or(String::new(), |total| {
            let left = total.saturating_sub(bytes) as f64 / rate.max(1.0);
            format!(" of {}, {left:.0} s left", HumanBytes(total))
        });
        let line = format!(
            "ctstats: {what}: {}{of}, {}/s",
            HumanBytes(bytes),
            HumanBytes(rate as u64)
        );
        let _ = writeln!(io::stderr(), "{line}");
    }
}
