//! A page and the folder of its files beside it, replaced together or not at all.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use super::{Output, Sink, named, unfinished, without_path};

/// The file that tells a folder of ours from any other, which is never replaced.
const MARK: &str = "ctstats-report.txt";

/// An open page, `profile.html`, and its folder, `profile_files`. Both appear under their
/// names only on [`finish`](Self::finish).
pub struct PageWithFolder {
    page: Output,
    files: TempDir,
    place: PathBuf,
}

impl PageWithFolder {
    /// Opens a page by its path, and its folder beside it.
    ///
    /// # Errors
    ///
    /// If the directory cannot be written to, if the page is no place for a file, or if there
    /// is a folder of that name which no report wrote. The error names the path.
    pub fn open(page: &Path) -> io::Result<Self> {
        let place = folder_of(page);
        let refuse = |what: &str| Err(named(&place, &io::Error::other(what)));
        match fs::symlink_metadata(&place) {
            Err(_) => {}
            Ok(existing) if !existing.is_dir() => {
                return refuse("is in the way of the report's folder; give another name with -o");
            }
            Ok(_) if place.join(MARK).is_file() || is_empty(&place) => {}
            Ok(_) => {
                return refuse(
                    "is a folder that no report of ctstats wrote, so it is not replaced; \
                     move it, or give another name with -o",
                );
            }
        }
        let output = Output::open(Some(page))?;
        if !matches!(output.sink, Sink::File { .. }) {
            let error = io::Error::other("is no place for a page with files beside it");
            return Err(named(page, &error));
        }
        let directory = match page.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        // A signal finds it among the unfinished ones, or comes before it is there.
        let mut unfinished = unfinished();
        let files = temporary(directory).map_err(|error| named(&place, &without_path(&error)))?;
        unfinished.push(files.path().to_owned());
        drop(unfinished);
        let page = PageWithFolder {
            page: output,
            files,
            place,
        };
        let mark = "Written by ctstats html, which replaces this folder as a whole.\n";
        page.file(MARK, &[mark])?;
        Ok(page)
    }

    /// The name of the page.
    pub fn page_name(&self) -> &OsStr {
        let name = self.page.name.as_deref().and_then(Path::file_name);
        name.unwrap_or_default()
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
    /// If it cannot be written, or if the name is more than a file's name.
    pub fn file(&self, name: &str, contents: &[&str]) -> io::Result<()> {
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if name.starts_with('.') || name.is_empty() || !name.bytes().all(harmless) {
            return Err(io::Error::other(format!("'{name}' is no name for a file")));
        }
        let path = self.files.path().join(name);
        let write = || {
            let mut file = File::create_new(&path)?;
            contents
                .iter()
                .try_for_each(|text| file.write_all(text.as_bytes()))
        };
        write().map_err(|error| named(&self.place.join(name), &error))
    }

    /// Puts both into their places.
    ///
    /// # Errors
    ///
    /// If that fails; the old page and folder are then where they were.
    pub fn finish(self) -> io::Result<()> {
        let PageWithFolder { page, files, place } = self;
        let fail = |error: io::Error| named(&place, &error);
        let Sink::File {
            out,
            temporary: page_files,
            place: page_place,
        } = page.sink
        else {
            return Err(fail(io::Error::other("has no page")));
        };
        let file = out.into_inner().map_err(io::IntoInnerError::into_error);
        file.and_then(|file| file.sync_all())
            .map_err(|error| named(&page_place, &error))?;
        // Whoever wants to stop now waits: it is a matter of a few names.
        let mut unfinished = unfinished();
        // The old folder waits here until the new page is in its place.
        let directory = files.path().parent().unwrap_or(Path::new("."));
        let aside = temporary(directory).map_err(|error| fail(without_path(&error)))?;
        let old = aside.path().join("old");
        let exists = fs::symlink_metadata(&place).is_ok();
        if exists {
            fs::rename(&place, &old).map_err(fail)?;
        }
        let outcome = fs::rename(files.path(), &place)
            .map_err(fail)
            .and_then(|()| {
                page_files.persist(&page_place).map_err(|error| {
                    // The old one goes back; if that fails too, the first error says more.
                    let _ = fs::rename(&place, files.path());
                    named(&page_place, &error.error)
                })
            });
        match outcome {
            Ok(()) => {
                unfinished.clear();
                // It has another name now.
                let _ = files.keep();
            }
            Err(_) if exists => fs::rename(&old, &place).map_err(fail)?,
            Err(_) => {}
        }
        outcome
    }
}

/// A folder of a temporary name, with the permissions of any folder that a shell makes.
fn temporary(directory: &Path) -> io::Result<TempDir> {
    let mut builder = Builder::new();
    builder.prefix(".ctstats-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder.tempdir_in(directory)
}

/// `profile_files` beside `profile.html`.
fn folder_of(page: &Path) -> PathBuf {
    let mut name = OsString::from(page.file_stem().unwrap_or_default());
    name.push("_files");
    page.with_file_name(name)
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
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
        write(&page, "one", &["a.html", "b.html"]).unwrap();
        write(&page, "two", &["b.html", "c.html"]).unwrap();
        assert_eq!(entries(folder.path()), ["profile.html", "profile_files"]);
        let files = folder.path().join("profile_files");
        assert_eq!(entries(&files), ["b.html", "c.html", MARK]);
        assert_eq!(fs::read_to_string(&page).unwrap(), "two");
        assert_eq!(fs::read_to_string(files.join("b.html")).unwrap(), "two");
    }

    #[test]
    fn what_fails_on_the_way_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("profile.html");
        write(&page, "one", &["a.html"]).unwrap();
        for bad in ["../b.html", "..", ".", "", "a/b", "a b", "a.html\0"] {
            assert!(write(&page, "two", &["b.html", bad]).is_err(), "{bad}");
        }
        // Twice one name is a mistake of ours, and no reason to lose anything.
        assert!(write(&page, "two", &["b.html", "b.html"]).is_err());
        assert_eq!(entries(folder.path()), ["profile.html", "profile_files"]);
        assert_eq!(
            entries(&folder.path().join("profile_files")),
            ["a.html", MARK]
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
}
