//! A page and the folder of its files beside it, replaced together or not at all. A folder that
//! holds anything else than files of a report is replaced by none.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use super::{Output, Sink, named, unfinished, without_path};
use crate::units::escaped;

/// The file that tells a folder of ours from any other, which is never replaced.
const MARK: &str = "ctstats-report.txt";

/// What it says. Below it stand the files that have names of their own, one a line.
const MARK_TEXT: &str = "Written by ctstats html, which replaces this folder as a whole while \
                         nothing else is in it.\n";

/// How much of it is read: more than any report lists.
const MARK_BYTES: u64 = 1 << 20;

/// An open page, `profile.html`, and its folder, `profile_files`. Both appear under their
/// names only on [`finish`](Self::finish).
pub struct PageWithFolder {
    page: Output,
    files: TempDir,
    place: PathBuf,
    /// Files that it may have besides those that every report may have; the mark lists them.
    listed: Vec<String>,
}

impl PageWithFolder {
    /// Opens a page by its path, and its folder beside it.
    ///
    /// # Errors
    ///
    /// If the directory cannot be written to, if the page is no place for a file, or if there
    /// is a folder of that name which no report wrote, or which holds something else by now. The
    /// error names the path.
    pub fn open(page: &Path) -> io::Result<Self> {
        let place = Self::folder_of(page);
        let directory = match page.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        {
            // Not while another one changes it.
            let _lock = lock(directory);
            refuse_others(&place).map_err(|error| named(&place, &error))?;
        }
        let output = Output::open(Some(page))?;
        if !matches!(output.sink, Sink::File { .. }) {
            let error = io::Error::other("is no place for a page with files beside it");
            return Err(named(page, &error));
        }
        // A signal finds it among the unfinished ones, or comes before it is there.
        let mut unfinished = unfinished();
        let files =
            temporary_folder(directory).map_err(|error| named(&place, &without_path(&error)))?;
        unfinished.push(files.path().to_owned());
        drop(unfinished);
        let page = PageWithFolder {
            page: output,
            files,
            place,
            listed: Vec::new(),
        };
        page.file(MARK, &[MARK_TEXT])?;
        Ok(page)
    }

    /// Lists files that a report may have under names of its own, so that the next report knows
    /// them for those of this one.
    ///
    /// # Errors
    ///
    /// If the list cannot be written.
    pub fn list(&mut self, names: impl Iterator<Item = String>) -> io::Result<()> {
        self.listed = names.collect();
        let mark = self.files.path().join(MARK);
        let lines: String = self.listed.iter().map(|name| format!("{name}\n")).collect();
        let written = fs::write(&mark, format!("{MARK_TEXT}{lines}"));
        written.map_err(|error| named(&self.place.join(MARK), &error))
    }

    /// The name of the page.
    pub fn page_name(&self) -> &OsStr {
        let name = self.page.name.as_deref().and_then(Path::file_name);
        name.unwrap_or_default()
    }

    /// The path of the folder beside a page: `profile_files` beside `profile.html`.
    pub fn folder_of(page: &Path) -> PathBuf {
        let mut name = OsString::from(page.file_stem().unwrap_or_default());
        name.push("_files");
        page.with_file_name(name)
    }

    /// The name of the folder.
    pub fn folder_name(&self) -> &OsStr {
        self.place.file_name().unwrap_or_default()
    }

    /// The page.
    pub fn page(&mut self) -> &mut impl Write {
        &mut self.page
    }

    /// Writes a file of the folder.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or if the name is more than a file's name, or none by which the
    /// next report knows it for a report's.
    pub fn file(&self, name: &str, contents: &[&str]) -> io::Result<()> {
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let is_listed = self.listed.iter().any(|listed| listed == name);
        if !(is_ours(name) || is_listed) || !name.bytes().all(harmless) {
            return Err(io::Error::other(format!("'{name}' is not a file name")));
        }
        let path = self.files.path().join(name);
        let write = || {
            let mut file = File::create_new(&path)?;
            contents
                .iter()
                .try_for_each(|text| file.write_all(text.as_bytes()))
        };
        write().map_err(|error| {
            // If the folder is gone because the program is told to stop, this waits for its end.
            drop(unfinished());
            named(&self.place.join(name), &error)
        })
    }

    /// Puts both into their places.
    ///
    /// # Errors
    ///
    /// If that fails; the old page and folder are then where they were.
    pub fn finish(self) -> io::Result<()> {
        let PageWithFolder {
            page, files, place, ..
        } = self;
        let fail = |error: io::Error| named(&place, &error);
        let Sink::File {
            out,
            temporary,
            place: page_place,
        } = page.sink
        else {
            return Err(fail(io::Error::other("has no page")));
        };
        let file = out.into_inner().map_err(io::IntoInnerError::into_error);
        file.and_then(|file| file.sync_all())
            .map_err(|error| named(&page_place, &error))?;
        // Of two reports at once the last one stays, whole: page and folder change together.
        let directory = files.path().parent().unwrap_or(Path::new("."));
        let _lock = lock(directory);
        // Whoever wants to stop now waits: it is a matter of a few names.
        let mut unfinished = unfinished();
        // Somebody may have put a file into the old one while this one was written.
        refuse_others(&place).map_err(fail)?;
        let page_file = temporary.to_path_buf();
        // The old folder waits here until the new page is in its place.
        let aside = temporary_folder(directory).map_err(|error| fail(without_path(&error)))?;
        let old = aside.path().join("old");
        let exists = fs::symlink_metadata(&place).is_ok();
        if exists {
            fs::rename(&place, &old).map_err(fail)?;
        }
        let outcome = fs::rename(files.path(), &place)
            .map_err(fail)
            .and_then(|()| {
                temporary.persist(&page_place).map_err(|error| {
                    // The old one goes back; if that fails too, the first error says more.
                    let _ = fs::rename(&place, files.path());
                    named(&page_place, &error.error)
                })
            });
        match outcome {
            Ok(()) => {
                // It has another name now.
                let files = files.keep();
                unfinished.retain(|path| *path != *files && *path != page_file);
            }
            Err(_) if exists => fs::rename(&old, &place).map_err(fail)?,
            Err(_) => {}
        }
        outcome
    }
}

/// A folder of a temporary name, with the permissions of any folder that a shell makes.
pub(super) fn temporary_folder(directory: &Path) -> io::Result<TempDir> {
    let mut builder = Builder::new();
    builder.prefix(".ctstats-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder.tempdir_in(directory)
}

/// Fails if there is something in the place of a folder that is more than an old report.
fn refuse_others(place: &Path) -> io::Result<()> {
    let existing = match fs::symlink_metadata(place) {
        Ok(existing) => existing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !existing.is_dir() {
        return Err(io::Error::other(
            "is in the way of the report's folder; give another name with -o",
        ));
    }
    let listed = listed(place);
    let (mut is_marked, mut other) = (false, None);
    for entry in fs::read_dir(place)? {
        let entry = entry?;
        let name = entry.file_name();
        let known = |name: &str| is_ours(name) || listed.lines().any(|listed| listed == name);
        if !entry.file_type()?.is_file() || !name.to_str().is_some_and(known) {
            other = Some(name);
        } else {
            is_marked |= name == MARK;
        }
    }
    match other {
        None => Ok(()),
        Some(other) if is_marked => Err(io::Error::other(format!(
            "holds '{}', which no report of ctstats wrote, so the folder is not replaced; \
             move that out of it, or give another name with -o",
            escaped(&other.to_string_lossy())
        ))),
        Some(_) => Err(io::Error::other(
            "is a folder that no report of ctstats wrote, so it is not replaced; \
             move it, or give another name with -o",
        )),
    }
}

/// The files that the report in a folder lists, one a line; none if it is no report's.
fn listed(place: &Path) -> String {
    let mut mark = String::new();
    // Without a mark that can be read nothing is known to be a report's.
    let read = File::open(place.join(MARK))
        .and_then(|file| file.take(MARK_BYTES).read_to_string(&mut mark));
    match (read, mark.strip_prefix(MARK_TEXT)) {
        (Ok(_), Some(listed)) => listed.to_owned(),
        _ => String::new(),
    }
}

/// Whether a report may have a file of this name: the mark, style and script, and the pages of
/// classes, which begin with a number of at least four digits and a hyphen.
fn is_ours(name: &str) -> bool {
    let is_page = || {
        let (number, rest) = name.split_once('-')?;
        let numbered = number.len() >= 4 && number.bytes().all(|byte| byte.is_ascii_digit());
        Some(numbered && rest.ends_with(".html"))
    };
    [MARK, "report.css", "report.js"].contains(&name) || is_page().unwrap_or(false)
}

/// Holds a directory against other reports that are put into it at the same moment, until it is
/// dropped. Where the system cannot do that, or somebody else holds it for long, goes on without.
#[cfg(unix)]
fn lock(directory: &Path) -> Option<File> {
    use std::time::{Duration, Instant};

    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;

    /// How long a report waits for another one.
    const PATIENCE: Duration = Duration::from_secs(10);

    let held = File::open(directory).ok()?;
    let start = Instant::now();
    loop {
        match flock(&held, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Some(held),
            Err(Errno::WOULDBLOCK) if start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(_) => return None,
        }
    }
}

#[cfg(not(unix))]
fn lock(_: &Path) -> Option<File> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(page: &Path, text: &str, names: &[&str]) -> io::Result<()> {
        let mut open = PageWithFolder::open(page)?;
        open.page().write_all(text.as_bytes())?;
        names.iter().try_for_each(|name| open.file(name, &[text]))?;
        open.finish()
    }

    fn entries(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_second_report_replaces_the_first_whole() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("profile.html");
        write(&page, "one", &["0000-a.html", "0001-b.html"]).unwrap();
        write(&page, "two", &["0001-b.html", "0002-c.html"]).unwrap();
        assert_eq!(entries(folder.path()), ["profile.html", "profile_files"]);
        let files = folder.path().join("profile_files");
        assert_eq!(entries(&files), ["0001-b.html", "0002-c.html", MARK]);
        assert_eq!(fs::read_to_string(&page).unwrap(), "two");
        assert_eq!(
            fs::read_to_string(files.join("0001-b.html")).unwrap(),
            "two"
        );
    }

    #[test]
    fn listed_names_are_known_to_the_next_report_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("profile.html");
        let mut open = PageWithFolder::open(&page).unwrap();
        assert!(open.file("Cart.html", &["one"]).is_err());
        open.list(["Cart.html".to_owned()].into_iter()).unwrap();
        open.file("Cart.html", &["one"]).unwrap();
        assert!(open.file("Order.html", &["one"]).is_err());
        open.finish().unwrap();
        let files = folder.path().join("profile_files");
        fs::write(files.join("Order.html"), "mine").unwrap();
        let refused = write(&page, "two", &["0000-a.html"]).unwrap_err();
        assert!(refused.to_string().contains("holds 'Order.html'"));
        fs::remove_file(files.join("Order.html")).unwrap();
        write(&page, "two", &["0000-a.html"]).unwrap();
        assert_eq!(entries(&files), ["0000-a.html", MARK]);
        // The list went with the report that had it.
        fs::write(files.join("Cart.html"), "mine").unwrap();
        assert!(write(&page, "three", &[]).is_err());
    }

    #[test]
    fn what_fails_on_the_way_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("profile.html");
        write(&page, "one", &["0000-a.html"]).unwrap();
        for bad in [
            "../0000-b.html",
            "0000-../b.html",
            "0000-a b.html",
            "0000-a.html\0",
            "..",
            ".",
            "",
            "a/b",
            "b.html",
            "12-b.html",
            "0000-b.txt",
        ] {
            assert!(write(&page, "two", &["0001-b.html", bad]).is_err(), "{bad}");
        }
        // Twice one name is a mistake of ours, and no reason to lose anything.
        assert!(write(&page, "two", &["0001-b.html", "0001-b.html"]).is_err());
        assert_eq!(entries(folder.path()), ["profile.html", "profile_files"]);
        assert_eq!(
            entries(&folder.path().join("profile_files")),
            ["0000-a.html", MARK]
        );
        assert_eq!(fs::read_to_string(&page).unwrap(), "one");
    }

    #[test]
    fn folders_of_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("profile.html");
        let theirs = folder.path().join("profile_files");
        fs::create_dir(&theirs).unwrap();
        fs::write(theirs.join("thesis.txt"), "years").unwrap();
        let error = write(&page, "one", &[]).unwrap_err().to_string();
        assert!(error.contains("no report of ctstats"), "{error}");
        assert_eq!(entries(folder.path()), ["profile_files"]);
        assert_eq!(entries(&theirs), ["thesis.txt"]);
    }

    /// Whatever lies in a report's folder, file or folder or link, stays; also if it was put
    /// there while the next report was written.
    #[test]
    fn what_lies_in_a_folder_of_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("profile.html");
        let files = folder.path().join("profile_files");
        write(&page, "one", &["0000-a.html"]).unwrap();
        let late = PageWithFolder::open(&page).unwrap();
        fs::write(files.join("thesis.txt"), "years").unwrap();
        let kept = "holds 'thesis.txt', which no report of ctstats wrote";
        for error in [
            write(&page, "two", &[]).unwrap_err(),
            late.finish().unwrap_err(),
        ] {
            assert!(error.to_string().contains(kept), "{error}");
        }
        fs::remove_file(files.join("thesis.txt")).unwrap();
        fs::create_dir(files.join("report.css")).unwrap();
        assert!(write(&page, "two", &[]).is_err());
        assert_eq!(entries(folder.path()), ["profile.html", "profile_files"]);
        assert_eq!(entries(&files), ["0000-a.html", MARK, "report.css"]);
        assert_eq!(fs::read_to_string(&page).unwrap(), "one");
        fs::remove_dir(files.join("report.css")).unwrap();
        write(&page, "two", &[]).unwrap();
        assert_eq!(entries(&files), [MARK]);
    }
}
