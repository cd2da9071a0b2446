//! What a machine does not give: threads, memory.

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::ctstats;

/// The command as it is typed, where every thread asks for more memory than there is.
fn run_without_threads(line: &str) -> Output {
    ctstats()
        .args(line.split_whitespace())
        .env("RUST_MIN_STACK", (usize::MAX / 4).to_string())
        .output()
        .expect("the binary starts")
}

/// Where no thread can be started, as under a limit of processes, the work is done all the same.
#[test]
fn without_threads_all_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().join("out").display().to_string();
    for line in [
        "summary fixtures/shop.dump --progress always",
        "print fixtures/invalid/packed-gz.bin",
        "print fixtures/invalid/packed-zst.bin -o OUT/report",
        "leaks fixtures/histories.dump.gz",
        "print fixtures/invalid/packed-gz-cut.bin",
        "print fixtures/native/shop-v2-cohorts.bin",
        "convert fixtures/leaky_shop.dump OUT/dump.bin",
        "convert fixtures/leaky_shop.dump OUT/dump.dat.gz --progress always",
        "html fixtures/leaky_shop.dump -o OUT/page.html",
        "html fixtures/leaky_shop.dump --single-file -o OUT/single.html",
        "sites fixtures/leaky_shop.dump --flamegraph OUT/flames.svg",
    ] {
        // One after the other in one folder: a report says by which command it was made.
        let line = line.replace("OUT", &out);
        let into_folder = |run: &dyn Fn(&str) -> Output| {
            fs::create_dir_all(&out).expect("it can be made");
            let output = run(&line);
            let files = files(Path::new(&out));
            fs::remove_dir_all(&out).expect("it can be removed");
            (output, files)
        };
        let (with, files_with) = into_folder(&common::run);
        let (without, files_without) = into_folder(&run_without_threads);
        assert_eq!(with.status.code(), without.status.code(), "{line}");
        assert_eq!(with.stdout, without.stdout, "{line}");
        assert_eq!(remarks(&with), remarks(&without), "{line}");
        assert!(files_with == files_without, "{line}");
    }
}

/// What is said on standard error, but for how far it has come, which a slow machine has time for.
fn remarks(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    let is_remark = |line: &&str| !line.ends_with("/s");
    error
        .lines()
        .filter(is_remark)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whoever reads gets no memory: that is what is said, and not that the file is bad.
#[test]
fn missing_memory_is_named() {
    struct Short;
    impl std::io::Read for Short {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::OutOfMemory.into())
        }
    }
    let head = &b"\x80\x04\x95\xff\0\0\0\0\0\0\0}\x94("[..];
    let error = ctstats::Dump::read(std::io::Read::chain(head, Short));
    let error = error.expect_err("it cannot be read");
    assert_eq!(
        error.to_string(),
        "input: there is not enough memory for it at byte 14: a dump takes about as much as its \
         file, decompressed; convert it where there is more, as of a native file most commands \
         take less"
    );
}

/// However little memory the system gives, no signal ends a run, and something is said.
#[test]
#[cfg(target_os = "linux")]
fn no_signal_ends_a_run_without_memory() {
    let run = |kib: u32, line: &str| {
        std::process::Command::new("sh")
            .current_dir(common::root())
            .args(["-c", &format!("ulimit -v {kib}; exec \"$@\""), "sh"])
            .arg(env!("CARGO_BIN_EXE_ctstats"))
            .args(line.split_whitespace())
            .env_remove("RUST_BACKTRACE")
            .output()
            .expect("sh is there")
    };
    let starts = (1..100).map(|step| step * 1000);
    let start = starts
        .into_iter()
        .find(|&kib| run(kib, "--version").status.success());
    let start = start.expect("it starts in some memory");
    let mut failed = 0;
    for step in 0..30 {
        let output = run(start + 250 * step, "leaks fixtures/histories.dump.gz");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => {}
            Some(1) => {
                failed += 1;
                // The third is the C library's own, before any line of ours has run. The last is
                // the standard library's, of a thread that has just begun.
                let says = [
                    "not enough memory",
                    "memory allocation of ",
                    "out of memory",
                    "failed to allocate an alternative stack",
                ];
                assert!(says.iter().any(|says| error.contains(says)), "{error}");
            }
            code => panic!("{code:?} in step {step}: {error}"),
        }
    }
    assert!(failed > 2, "{failed}");
}

/// The files below a folder, in the order of their names.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            let name = path
                .file_name()
                .expect("it has one")
                .to_string_lossy()
                .into_owned();
            files.push((name, fs::read(&path).expect("it can be read")));
        }
    }
    files.sort();
    files
}
