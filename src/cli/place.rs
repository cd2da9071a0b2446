//! Where a command writes. No output takes the place of a file that the same command reads, or of
//! another output, or of something that it would be a pity to lose.
//!
//! Files are told apart by what they are, not by their names: links to one file are that file.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use ctstats::losses::{Loss, Written};
use ctstats::output::{PageWithFolder, is_stdout};
use ctstats::units::{ByteStyle, bytes, counted, escaped};

use super::{Usage, note};

/// What a command writes into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, or pages in one file. Takes the place of any file but a dump.
    Report,
    /// A page with a folder of others beside it.
    Pages,
    /// A dump. Takes the place of dumps only.
    Dump,
}

/// Fails if an output would cost somebody a file.
///
/// With `force` an output may take the place of anything but what the command itself reads, and
/// that of a dump even of that.
pub(super) fn refuse_losses(reads: &[&Path], writes: &[(&Path, Kind)], force: bool) -> Result<()> {
    for (index, &(path, kind)) in writes.iter().enumerate() {
        let name = name(path);
        let Some(file) = Identity::of_output(path) else {
            continue;
        };
        if writes[..index]
            .iter()
            .any(|(other, _)| Identity::of_output(other).as_ref() == Some(&file))
        {
            let what = format!("{name} would be written twice; give each output a name of its own");
            return Err(Usage(what).into());
        }
        let mut read = reads.iter().filter_map(|read| Identity::of_input(read));
        if read.any(|read| read == file) && !(force && kind == Kind::Dump) {
            match kind {
                Kind::Dump => bail!("{name}: is the dump to read; give another name, or --force"),
                _ => bail!("{name}: is read by the same command; give the report another name"),
            }
        }
        if kind == Kind::Pages {
            refuse_folder(path, reads)?;
        }
        if !force && !is_stdout(path) {
            refuse_kind(path, kind)?;
        }
    }
    Ok(())
}

/// Fails if a file that is read lies in the folder that pages take the place of.
fn refuse_folder(page: &Path, reads: &[&Path]) -> Result<()> {
    let folder = PageWithFolder::folder_of(page);
    let Ok(real) = folder.canonicalize() else {
        return Ok(());
    };
    for read in reads {
        if read
            .canonicalize()
            .is_ok_and(|read| read.starts_with(&real))
        {
            bail!(
                "{}: is inside {}, which the report replaces; move it, or give another name with -o",
                name(read),
                name(&folder)
            );
        }
    }
    Ok(())
}

/// Fails if what is there is not to be replaced by an output of this kind without a word.
fn refuse_kind(path: &Path, kind: Kind) -> Result<()> {
    let written = match kind {
        Kind::Dump => Written::Dump,
        Kind::Report | Kind::Pages => Written::Report,
    };
    let Some(loss) = Loss::of(path, written) else {
        return Ok(());
    };
    let name = name(path);
    let force = match loss {
        Loss::ReadOnly => "--force to replace it",
        Loss::NoDump | Loss::Dump => "--force",
    };
    bail!("{name}: {loss}; give another name, or {force}")
}

/// Which file a name stands for.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    /// That of a file that is there: device and number.
    #[cfg(unix)]
    Number(u64, u64),
    /// A path without links: of a file that is not there yet, or where files have no number.
    Path(PathBuf),
    /// Standard output, where it is no file.
    Stdout,
}

impl Identity {
    /// `None` for what cannot be lost: a device or a pipe.
    fn of_output(path: &Path) -> Option<Identity> {
        if is_stdout(path) {
            return Some(Identity::of_stream(&io::stdout()).unwrap_or(Identity::Stdout));
        }
        match path.metadata() {
            Ok(file) => Identity::of_file(path, &file),
            Err(_) => {
                let folder = path.parent().filter(|parent| *parent != Path::new(""));
                let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
                Some(Identity::Path(folder.join(path.file_name()?)))
            }
        }
    }

    fn of_input(path: &Path) -> Option<Identity> {
        if path == Path::new("-") {
            return Identity::of_stream(&io::stdin());
        }
        Identity::of_file(path, &path.metadata().ok()?)
    }

    #[cfg(unix)]
    fn of_file(_: &Path, file: &std::fs::Metadata) -> Option<Identity> {
        use std::os::unix::fs::MetadataExt;
        file.is_file()
            .then(|| Identity::Number(file.dev(), file.ino()))
    }

    #[cfg(not(unix))]
    fn of_file(path: &Path, file: &std::fs::Metadata) -> Option<Identity> {
        let path = path.canonicalize().ok().filter(|_| file.is_file())?;
        Some(Identity::Path(path))
    }

    /// That of the file behind a standard stream.
    #[cfg(unix)]
    fn of_stream(stream: &impl std::os::fd::AsFd) -> Option<Identity> {
        let stream = stream.as_fd().try_clone_to_owned().ok()?;
        let file = std::fs::File::from(stream).metadata().ok()?;
        Identity::of_file(Path::new(""), &file)
    }

    #[cfg(not(unix))]
    fn of_stream<T>(_: &T) -> Option<Identity> {
        None
    }
}

/// Says on a terminal what was written where, and how large it is; scripts stay quiet. `what` says
/// more of the file than its name does, and may be empty.
pub(super) fn tell(path: &Path, kind: Kind, what: &str) {
    if io::stderr().is_terminal()
        && let Some(written) = written(path, kind, what)
    {
        note(&written);
    }
}

/// That in words; `None` where no file was written.
fn written(path: &Path, kind: Kind, what: &str) -> Option<String> {
    let size = |path: &Path| {
        let file = path.metadata().ok().filter(|file| file.is_file());
        file.map(|file| file.len())
    };
    let mut size_bytes = size(path).filter(|_| !is_stdout(path))?;
    let mut place = name(path);
    if kind == Kind::Pages {
        let folder = PageWithFolder::folder_of(path);
        let files = folder.read_dir().ok()?.flatten();
        let sizes: Vec<u64> = files.filter_map(|file| size(&file.path())).collect();
        size_bytes += sizes.iter().sum::<u64>();
        let files = counted(sizes.len(), "file", "files");
        place = format!("{place} and {files} in {}", name(&folder));
    }
    let size = bytes(size_bytes.into(), ByteStyle::Units);
    let what = if what.is_empty() {
        String::new()
    } else {
        format!(", {what}")
    };
    Some(format!("wrote {place}{what}, {size}"))
}

fn name(path: &Path) -> String {
    if is_stdout(path) {
        return "standard output".into();
    }
    escaped(&path.display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a\x1b.html");
        let shown = folder.path().join("a\\x1b.html").display().to_string();
        assert_eq!(written(&path, Kind::Report, ""), None);
        std::fs::write(&path, vec![0; 3000]).unwrap();
        let told = written(&path, Kind::Report, "").unwrap();
        assert_eq!(told, format!("wrote {shown}, 2.9 KiB"));
        let told = written(&path, Kind::Dump, "in Pympler's format").unwrap();
        assert_eq!(told, format!("wrote {shown}, in Pympler's format, 2.9 KiB"));
        let files = PageWithFolder::folder_of(&path);
        std::fs::create_dir(&files).unwrap();
        for name in ["a", "b"] {
            std::fs::write(files.join(name), vec![0; 1000]).unwrap();
        }
        let told = written(&path, Kind::Pages, "").unwrap();
        let shown = shown.replace(".html", "_files");
        assert!(
            told.ends_with(&format!(" and 2 files in {shown}, 4.9 KiB")),
            "{told}"
        );
        assert_eq!(written(Path::new("-"), Kind::Report, ""), None);
        assert_eq!(written(Path::new("/dev/null"), Kind::Report, ""), None);
    }
}
