//! Files that are written beside their places, in a folder of a temporary name, and put there
//! together.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::folder::temporary_folder;
use super::{named, unfinished, without_path};

/// A folder that gets files, and those that are not in their places yet.
pub struct Staging {
    files: TempDir,
    place: PathBuf,
    /// Whether the folder was made for them.
    is_new: bool,
}

impl Staging {
    /// For files that are to be in this folder or below it. It is made if it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be made or written to; the error names it.
    pub fn open(place: &Path) -> io::Result<Staging> {
        let fail = |error: io::Error| named(place, &without_path(&error));
        let is_new = fs::symlink_metadata(place).is_err();
        fs::create_dir_all(place).map_err(fail)?;
        // A signal finds it among the unfinished ones, or comes before it is there.
        let mut unfinished = unfinished();
        let files = temporary_folder(place).map_err(fail)?;
        unfinished.push(files.path().to_owned());
        drop(unfinished);
        Ok(Staging {
            files,
            place: place.to_owned(),
            is_new,
        })
    }

    /// Begins a file.
    ///
    /// # Errors
    ///
    /// If it cannot be made; the error names the folder.
    pub fn create(&self, name: &str) -> io::Result<(PathBuf, File)> {
        let path = self.files.path().join(name);
        let file = File::create_new(&path).map_err(|error| self.named(&error))?;
        Ok((path, file))
    }

    /// An error of writing one, with the name of the folder.
    pub fn named(&self, error: &io::Error) -> io::Error {
        // If the files are gone because the program is told to stop, this waits for its end.
        drop(unfinished());
        named(&self.place, error)
    }

    /// Whether one of these names is taken.
    pub fn has_any<'p>(&self, mut names: impl Iterator<Item = &'p Path>) -> bool {
        names.any(|name| fs::symlink_metadata(self.place.join(name)).is_ok())
    }

    /// Puts files into their places, in this order: (where one was written, its name below the folder).
    ///
    /// # Errors
    ///
    /// If that fails, or if a name is taken; those that are in their places already are taken away.
    pub fn finish(self, moves: &[(PathBuf, PathBuf)]) -> io::Result<()> {
        // Whoever wants to stop now waits: it is a matter of a few names.
        let mut unfinished = unfinished();
        let mut moved: Vec<PathBuf> = Vec::new();
        for (from, name) in moves {
            let to = self.place.join(name);
            if let Err(error) = put(from, &to) {
                for path in &moved {
                    // What fails first says more.
                    let _ = fs::remove_file(path);
                }
                return Err(named(&to, &error));
            }
            moved.push(to);
        }
        unfinished.retain(|path| path != self.files.path());
        Ok(())
    }
}

fn put(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "is there already, and nothing replaces it",
        ));
    }
    fs::rename(from, to)
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.files.path());
        if self.is_new {
            // Only if nothing was put into it.
            let _ = fs::remove_dir(&self.place);
        }
    }
}
