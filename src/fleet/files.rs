//! Which files are meant: those that are named, those below a folder, those that a pattern or a
//! list names.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::Serialize;
use walkdir::WalkDir;

use super::checksum::checksum;
use super::labels::{Label, LabelTemplate, Labels};
use super::natural::natural;
use crate::error::Error;
use crate::format::DumpFile;
use crate::units::escaped;

/// The most bytes of a list of names: 100,000 long paths.
const LONGEST_LIST_BYTES: u64 = 256 << 20;

/// A file that is to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct FleetFile {
    /// Where it is.
    pub path: PathBuf,
    /// What its path says, in the order of the template.
    pub labels: Vec<Label>,
    /// When it was written, in seconds since 1970, by its labels; `None` if they do not say so.
    pub labelled_seconds: Option<i64>,
    /// When it was modified, in seconds since 1970; `None` where the system does not know.
    pub modified_seconds: Option<f64>,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// What the order of the files follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The times in their labels.
    LabelledTime,
    /// Their labels, numbers in them by their values.
    Labels,
    /// When they were modified.
    ModificationTime,
}

/// The files, in the order in which they were written.
#[derive(Debug)]
pub struct FleetFiles {
    /// Each content once.
    pub files: Vec<FleetFile>,
    /// What their order follows.
    pub order: Order,
    /// Files with the content of another one: (the file, the other one).
    pub duplicates: Vec<(PathBuf, PathBuf)>,
    /// Files below a folder that are no dumps.
    pub no_dumps: Vec<PathBuf>,
    /// What could not be found or read, or does not fit the labels.
    pub failed: Vec<Error>,
}

impl FleetFiles {
    /// The files that some arguments name: files, folders with all that is below them, patterns with
    /// `*`, `?` and `[a-z]`, `@list` for a file with a name a line (or a name a zero byte), and `-`
    /// for such a list from `standard_input`.
    ///
    /// Hidden files below a folder are passed over. What fails is in [`FleetFiles::failed`].
    pub fn find(
        arguments: &[PathBuf],
        template: Option<&LabelTemplate>,
        standard_input: impl Read,
    ) -> FleetFiles {
        let mut found = Found::default();
        let mut standard_input = Some(standard_input);
        for argument in arguments {
            match Argument::of(argument) {
                // The second time it is empty.
                Argument::StandardInput => {
                    if let Some(list) = standard_input.take() {
                        found.list(list, "-");
                    }
                }
                Argument::Missing => {
                    let source = io::Error::new(io::ErrorKind::NotFound, "there is no such file");
                    found.fail_to_open(argument, source);
                }
                of => found.argument(argument, of),
            }
        }
        found.finish(template)
    }
}

/// Files in the order in which they were given, each as often as it was named.
#[derive(Debug, Default)]
pub struct GivenFiles {
    /// What is to be read. A file that is missing is among them, at its place, so that reading it
    /// says so.
    pub files: Vec<FleetFile>,
    /// Files below a folder that are no dumps.
    pub no_dumps: Vec<PathBuf>,
    /// Lists, folders and patterns that name no file.
    pub failed: Vec<Error>,
}

impl GivenFiles {
    /// The files that some arguments name, as for [`FleetFiles::find`]. Those of a folder or a pattern
    /// are in the order of their names, numbers in them by their values; those of a list as they
    /// stand there. `-` is a file of that name.
    pub fn find(arguments: &[PathBuf]) -> GivenFiles {
        let mut found = Found::default();
        for argument in arguments {
            let of = Argument::of(argument);
            let before = found.paths.len();
            match of {
                Argument::StandardInput | Argument::Missing => found.paths.push(argument.clone()),
                of => found.argument(argument, of),
            }
            if matches!(of, Argument::Folder | Argument::Pattern) {
                let name = |path: &PathBuf| path.to_string_lossy().into_owned();
                found.paths[before..].sort_by(|a, b| natural(&name(a), &name(b)));
            }
        }
        let files = found.paths.into_iter();
        GivenFiles {
            files: files.map(FleetFile::without_labels).collect(),
            no_dumps: found.no_dumps,
            failed: found.failed,
        }
    }
}

/// What an argument names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// `-`.
    StandardInput,
    /// A file that is there.
    File,
    /// What looks like a file, and is not there.
    Missing,
    /// A folder with all below it.
    Folder,
    /// `@FILE`, if no file has that name itself.
    List,
    /// `dumps/*.dump`, if no file has that name itself.
    Pattern,
}

impl Argument {
    /// What this argument names.
    pub fn of(argument: &Path) -> Argument {
        let text = argument.to_str().unwrap_or("");
        match () {
            () if argument == Path::new("-") => Argument::StandardInput,
            () if argument.is_dir() => Argument::Folder,
            () if argument.exists() => Argument::File,
            () if text.starts_with('@') => Argument::List,
            () if text.contains(['*', '?', '[']) => Argument::Pattern,
            () => Argument::Missing,
        }
    }

    /// Whether it names one file by its name.
    pub fn is_one_file(self) -> bool {
        use Argument::{File, Missing, StandardInput};
        matches!(self, StandardInput | File | Missing)
    }
}

#[derive(Default)]
struct Found {
    paths: Vec<PathBuf>,
    no_dumps: Vec<PathBuf>,
    failed: Vec<Error>,
}

impl Found {
    fn fail_to_open(&mut self, path: &Path, source: io::Error) {
        self.failed.push(Error::Open {
            file: path.display().to_string(),
            source,
        });
    }

    /// What an argument names that is there, or may be.
    fn argument(&mut self, argument: &Path, of: Argument) {
        let text = argument.to_str().unwrap_or("");
        match of {
            Argument::List => {
                let list = text.strip_prefix('@').unwrap_or(text);
                match File::open(list) {
                    Ok(file) => self.list(file, list),
                    Err(source) => self.fail_to_open(Path::new(list), source),
                }
            }
            Argument::Pattern => self.pattern(argument, text),
            _ => self.path(argument),
        }
    }

    /// A file with a name a line.
    fn list(&mut self, list: impl Read, name: &str) {
        let mut bytes = Vec::new();
        let read = list.take(LONGEST_LIST_BYTES + 1).read_to_end(&mut bytes);
        let what = match read {
            Err(source) => {
                let file = name.to_owned();
                let offset = bytes.len() as u64;
                return self.failed.push(Error::Read {
                    file,
                    offset,
                    source,
                });
            }
            Ok(_) if bytes.len() as u64 > LONGEST_LIST_BYTES => "it is longer than 256 MiB",
            // A dump in place of a list of dumps.
            Ok(_) if !bytes.contains(&0) && std::str::from_utf8(&bytes).is_err() => {
                "it is no text; name a dump without the @, and give - a list of names"
            }
            Ok(_) => "",
        };
        if !what.is_empty() {
            return self.failed.push(Error::Config {
                file: name.into(),
                meant: "a list of names",
                what: what.into(),
            });
        }
        let end = if bytes.contains(&0) { 0 } else { b'\n' };
        for line in bytes.split(|&byte| byte == end) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.is_empty() {
                self.path(&path_of(line));
            }
        }
    }

    /// A file, or what is below a folder.
    fn path(&mut self, path: &Path) {
        if !path.is_dir() {
            return self.paths.push(path.into());
        }
        let before = self.paths.len() + self.failed.len();
        let is_hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
        let entries = WalkDir::new(path)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name()));
        for entry in entries {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    // An empty file may be a dump that was not finished; reading says so.
                    let is_empty = entry.metadata().is_ok_and(|file| file.len() == 0);
                    let path = entry.into_path();
                    match is_empty || DumpFile::is_dump(&path) {
                        true => self.paths.push(path),
                        false => self.no_dumps.push(path),
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    let at = error.path().unwrap_or(path).to_owned();
                    let source = error.into_io_error();
                    let source = source.unwrap_or_else(|| io::Error::other("a link to itself"));
                    self.fail_to_open(&at, source);
                }
            }
        }
        if self.paths.len() + self.failed.len() == before {
            let source = io::Error::new(io::ErrorKind::NotFound, "there is no dump below it");
            self.fail_to_open(path, source);
        }
    }

    fn pattern(&mut self, argument: &Path, text: &str) {
        let mut any = false;
        for path in glob::glob(text).into_iter().flatten() {
            any = true;
            match path {
                Ok(path) => self.path(&path),
                Err(error) => {
                    let path = error.path().to_owned();
                    self.fail_to_open(&path, error.into());
                }
            }
        }
        if !any {
            let what = "no file fits this pattern";
            let source = io::Error::new(io::ErrorKind::NotFound, what);
            self.fail_to_open(argument, source);
        }
    }

    fn finish(self, template: Option<&LabelTemplate>) -> FleetFiles {
        let mut fleet = FleetFiles {
            files: Vec::with_capacity(self.paths.len()),
            order: match template {
                Some(template) if template.has_time() => Order::LabelledTime,
                Some(_) => Order::Labels,
                None => Order::ModificationTime,
            },
            duplicates: Vec::new(),
            no_dumps: self.no_dumps,
            failed: self.failed,
        };
        for path in self.paths {
            match file(path, template) {
                Ok(file) => fleet.files.push(file),
                Err(error) => fleet.failed.push(error),
            }
        }
        fleet.sort();
        fleet.drop_duplicates();
        fleet
    }
}

impl FleetFiles {
    fn sort(&mut self) {
        let values = |file: &FleetFile| {
            let values = file.labels.iter().map(|label| label.value.clone());
            values.collect::<Vec<_>>()
        };
        let order = self.order;
        self.files.sort_by(|a, b| {
            let by = match order {
                Order::LabelledTime => a.labelled_seconds.cmp(&b.labelled_seconds),
                Order::ModificationTime => {
                    let [x, y] = [a, b].map(|file| file.modified_seconds.unwrap_or(0.0));
                    x.total_cmp(&y)
                }
                Order::Labels => {
                    let (x, y) = (values(a), values(b));
                    let mut pairs = x.iter().zip(&y).map(|(x, y)| natural(x, y));
                    pairs.find(|by| by.is_ne()).unwrap_or(x.len().cmp(&y.len()))
                }
            };
            by.then_with(|| natural(&a.path.to_string_lossy(), &b.path.to_string_lossy()))
        });
    }

    /// Keeps each content once. Only files of one size are read for it.
    fn drop_duplicates(&mut self) {
        let mut by_size: HashMap<u64, usize> = HashMap::new();
        for file in &self.files {
            *by_size.entry(file.size_bytes).or_default() += 1;
        }
        let mut seen: HashMap<(u64, [u8; 32]), PathBuf> = HashMap::new();
        let duplicates = &mut self.duplicates;
        self.files.retain(|file| {
            // What is empty is told of when it is read, each by its name.
            if by_size[&file.size_bytes] < 2 || file.size_bytes == 0 {
                return true;
            }
            // What cannot be read says so when it is read for its content.
            let Some(sum) = File::open(&file.path)
                .ok()
                .and_then(|file| checksum(file).ok())
            else {
                return true;
            };
            match seen.entry((file.size_bytes, sum)) {
                std::collections::hash_map::Entry::Occupied(first) => {
                    duplicates.push((file.path.clone(), first.get().clone()));
                    false
                }
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(file.path.clone());
                    true
                }
            }
        });
    }
}

fn file(path: PathBuf, template: Option<&LabelTemplate>) -> Result<FleetFile, Error> {
    let open = |source| Error::Open {
        file: path.display().to_string(),
        source,
    };
    let metadata = path.metadata().map_err(open)?;
    let modified = metadata.modified().ok();
    let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified.map(|since| since.as_secs_f64());
    FleetFile::of(path, template, modified, metadata.len())
}

impl FleetFile {
    /// A file that may be missing; reading it says so.
    fn without_labels(path: PathBuf) -> FleetFile {
        file(path.clone(), None).unwrap_or_else(|_| FleetFile {
            path,
            labels: Vec::new(),
            labelled_seconds: None,
            modified_seconds: None,
            size_bytes: 0,
        })
    }

    /// A file of which somebody else knows when it was modified, in seconds since 1970, and how many
    /// bytes it has.
    ///
    /// # Errors
    ///
    /// If its path does not fit the labels.
    pub fn of(
        path: PathBuf,
        template: Option<&LabelTemplate>,
        modified_seconds: Option<f64>,
        size_bytes: u64,
    ) -> Result<FleetFile, Error> {
        let labels = match template {
            None => Labels::default(),
            Some(template) => template.labels(&path).ok_or_else(|| {
                Error::Invalid(format!(
                    "{}: the path does not fit the labels {:?}",
                    escaped(&path.display().to_string()),
                    template.text()
                ))
            })?,
        };
        Ok(FleetFile {
            labels: labels.labels,
            labelled_seconds: labels.seconds,
            modified_seconds,
            size_bytes,
            path,
        })
    }
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of dumps, and what is found in it: names below it, in order.
    fn found(arguments: &[&str], template: Option<&str>, list: &str) -> (Vec<String>, FleetFiles) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let dump = std::fs::read("fixtures/checkpoint_early.dump").unwrap();
        for name in ["web1/9.dump", "web1/10.dump", "web2/9.dump"] {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            // Each with a content of its own: what stands behind a dump is not read.
            std::fs::write(&path, [dump.as_slice(), name.as_bytes()].concat()).unwrap();
        }
        std::fs::write(
            root.join("web2/copy.dump"),
            [&dump[..], b"web2/9.dump"].concat(),
        )
        .unwrap();
        std::fs::write(root.join("notes.txt"), "no dump").unwrap();
        std::fs::write(root.join(".hidden"), &dump).unwrap();
        std::fs::write(root.join("web2/empty.dump"), "").unwrap();
        let at = |name: &&str| match name.strip_prefix('@') {
            _ if *name == "-" => PathBuf::from("-"),
            Some(name) => format!("@{}", root.join(name).display()).into(),
            None => root.join(name),
        };
        let list = list.replace("ROOT", &root.display().to_string());
        std::fs::write(root.join("names"), &list).unwrap();
        let arguments: Vec<PathBuf> = arguments.iter().map(at).collect();
        let template = template.map(|template| LabelTemplate::of(template).unwrap());
        let fleet = FleetFiles::find(&arguments, template.as_ref(), list.as_bytes());
        let below = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
        let names = fleet.files.iter().map(|file| below(&file.path)).collect();
        (names, fleet)
    }

    #[test]
    fn files_of_a_folder() {
        let (names, fleet) = found(&["."], Some("{host}/{worker}.dump"), "ROOT");
        assert_eq!(
            names,
            [
                "web1/9.dump",
                "web1/10.dump",
                "web2/9.dump",
                "web2/empty.dump"
            ]
        );
        assert_eq!(fleet.order, Order::Labels);
        assert_eq!(fleet.duplicates.len(), 1);
        assert!(fleet.duplicates[0].0.ends_with("web2/copy.dump"));
        assert!(fleet.duplicates[0].1.ends_with("web2/9.dump"));
        // The list of names that the test writes is no dump either.
        assert_eq!(fleet.no_dumps.len(), 2);
        assert!(fleet.failed.is_empty());
    }

    #[test]
    fn files_of_patterns_and_lists() {
        let web1 = ["web1/9.dump", "web1/10.dump"];
        let template = Some("{host}/{worker}.dump");
        let list = "ROOT/web1/10.dump\nROOT/web1/9.dump\r\n\n";
        for arguments in [["web1/*.dump"], ["@names"], ["-"]] {
            let (names, fleet) = found(&arguments, template, list);
            assert_eq!(names, web1, "{arguments:?}");
            assert!(fleet.failed.is_empty(), "{:?}", fleet.failed);
        }
        let (names, _) = found(&["-"], template, "ROOT/web1/10.dump\0ROOT/web1/9.dump\0");
        assert_eq!(names, web1);
    }

    #[test]
    fn what_is_not_found_is_said() {
        let cases = [
            ("web9/*.dump", "cannot be opened: no file fits this pattern"),
            ("nowhere", "cannot be opened: there is no such file"),
            (
                "@nowhere",
                "cannot be opened: No such file or directory (os error 2)",
            ),
            (
                "@web1/9.dump",
                "cannot be opened: No such file or directory (os error 2)",
            ),
            ("notes.txt", "the path does not fit the labels \"{x}.dump\""),
        ];
        for (argument, expected) in cases {
            let (names, fleet) = found(&[argument], Some("{x}.dump"), "");
            assert_eq!(names.len(), 0);
            let failed: Vec<String> = fleet.failed.iter().map(Error::to_string).collect();
            assert!(
                failed.iter().any(|text| text.contains(expected)),
                "{argument}: {failed:?}"
            );
        }
    }
}
