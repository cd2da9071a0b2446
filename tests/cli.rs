//! The command as it is typed: one line a case, one file of the same name for what came
//! of it. `CTSTATS_UPDATE=1 cargo test` rewrites the files.

mod common;

use std::fs;
use std::io::{Read, Write};
use std::process::Stdio;

use ctstats::analysis::diff::DiffSortKey;
use ctstats::analysis::sites::SiteSortKey;
use ctstats::analysis::summary::ClassSortKey;
use ctstats::analysis::trends::TrendSortKey;
use ctstats::select::SortKey;

use common::{ctstats, expect, fixture, run};

const SHOP: &str = "fixtures/shop.dump";
const FLEET: &str = "fixtures/fleet --labels {host}/{worker}-{version}-{date:%Y-%m-%d}.dump.gz";
const ORDERS: &str = "fixtures/orders.dump";

/// Name, arguments. `DUMP` stands for the demonstration, `LEAKY` for one of a service that
/// leaks, `ORDERS` for one whose texts are orders to others, `HISTORIES` for many made-up classes,
/// `FLEET` for the dumps of nine workers, `HOSTILE` for one full of control characters, `CLOCK` for one whose clock was set back, `LONG`
/// for one of long names, `REGISTRY` for one of objects that keep others, `PRICES` and `DJANGO` for ones whose objects other code creates, `INTS` for one with ints of every size, `OLD` for one of Pympler 0.2 on
/// Python 2.
const CASES: &[(&str, &str)] = &[
    // A dump at a glance.
    ("overview", "LEAKY --width 80"),
    ("overview-command", "overview LEAKY --bytes"),
    ("overview-many", "fixtures/many_classes.dump.gz --width 80"),
    ("overview-histories", "HISTORIES --width 80"),
    ("overview-60", "LONG --width 60"),
    ("overview-color", "DUMP --width 80 --color always"),
    ("overview-json", "DUMP --format json"),
    ("overview-markdown", "HISTORIES --format markdown"),
    ("overview-hostile", "fixtures/markup.dump --width 80"),
    (
        "overview-nothing",
        "fixtures/dumps/empty.nothing-1.1-py311.dump",
    ),
    (
        "overview-salvaged",
        "fixtures/invalid/trunc-b0-002080.bin --salvage --width 80",
    ),
    ("overview-folder", "fixtures"),
    (
        "overview-ignored",
        "overview LEAKY --width 80 --ignore shop.Cart --ignore shop.Crat",
    ),
    (
        "overview-ignored-markdown",
        "overview LEAKY --format markdown --known fixtures/known.toml",
    ),
    ("help-overview", "overview --help"),
    // What shells and man read.
    ("help-completions", "completions --help"),
    ("help-man", "man --help"),
    ("man", "man -o -"),
    ("usage-shell", "completions tcsh"),
    ("usage-completions-dump", "completions bash -o DUMP"),
    ("usage-man-file", "man -o Cargo.toml"),
    ("usage-no-file", "fixtures/nowhere.dump --format json"),
    ("usage-no-command", "sumary LEAKY"),
    ("usage-overview-csv", "DUMP --format csv"),
    // Forms of print.
    ("print-table", "print DUMP --sort size --limit 2"),
    (
        "print-table-80",
        "print DUMP --sort size --limit 2 --width 80",
    ),
    (
        "print-table-200",
        "print DUMP --sort size --limit 2 --width 200",
    ),
    (
        "print-table-color",
        "print DUMP --sort size --limit 1 --color always",
    ),
    ("print-changes", "print LONG --width 100"),
    (
        "print-every",
        "print LONG --width 100 --every --class eastern --limit 2",
    ),
    ("print-brief", "print DUMP --brief"),
    ("print-brief-80", "print DUMP --brief --width 80"),
    ("print-bytes", "print DUMP --sort size --limit 1 --bytes"),
    (
        "print-json",
        "print DUMP --sort size --limit 2 --format json",
    ),
    (
        "print-ndjson",
        "print DUMP --sort size --limit 2 --format ndjson",
    ),
    ("print-csv", "print DUMP --format csv"),
    (
        "print-markdown",
        "print DUMP --sort size --limit 3 --format markdown",
    ),
    (
        "print-pympler",
        "print DUMP --sort size --limit 2 --format pympler",
    ),
    ("print-old", "print OLD --width 100"),
    // Ints that no machine's word holds.
    ("ints-table", "print INTS --limit 2 --width 100"),
    ("ints-json", "print INTS --limit 2 --brief --format json"),
    ("ints-csv", "print INTS --class Order --format csv"),
    ("ints-leaks", "leaks INTS --class users --width 80"),
    ("ints-sites", "sites INTS --width 100 --limit 5"),
    ("ints-sites-json", "sites INTS --format json --limit 3"),
    ("ints-folded", "sites INTS --folded --class Order"),
    // What reaches a terminal.
    ("hostile-table", "print HOSTILE --width 100"),
    ("hostile-csv", "print HOSTILE --format csv"),
    ("hostile-json", "print HOSTILE --format json"),
    ("hostile-markdown", "print HOSTILE --format markdown"),
    ("hostile-summary", "summary HOSTILE"),
    // What reaches a spreadsheet, the log of a build, and a code host.
    ("orders-table", "print ORDERS --brief --width 100"),
    ("orders-summary", "summary ORDERS --snapshot 0 --width 80"),
    (
        "orders-sites",
        "sites ORDERS --depth 2 --width 80 --limit 9",
    ),
    ("orders-leaks", "leaks ORDERS --width 60 --limit 1"),
    ("orders-folded", "sites ORDERS --folded"),
    ("orders-csv", "print ORDERS --format csv"),
    (
        "orders-spreadsheet",
        "print ORDERS --format csv --spreadsheet",
    ),
    (
        "orders-spreadsheet-diff",
        "diff ORDERS --format csv --spreadsheet --from last --to first",
    ),
    ("orders-markdown", "print ORDERS --format markdown"),
    (
        "orders-markdown-summary",
        "summary ORDERS --format markdown --limit 2",
    ),
    ("orders-pympler", "summary ORDERS --format pympler"),
    ("usage-spreadsheet", "print DUMP --spreadsheet"),
    ("usage-threads", "--threads 0 print DUMP"),
    // Selections.
    (
        "select-class",
        "print DUMP --brief --class Product --limit 50%",
    ),
    (
        "select-two-classes",
        "print DUMP --brief --class Product --class Session",
    ),
    (
        "select-alive",
        "print DUMP --brief --alive --class Cart --sort birth",
    ),
    (
        "select-dead",
        "print DUMP --brief --dead --sort death --reverse --limit 3",
    ),
    ("select-min-size", "print DUMP --brief --min-size 2.5KiB"),
    ("select-name", "print DUMP --brief --name Session --limit 1"),
    ("select-repr", "print DUMP --brief --repr customer-5"),
    ("select-nothing", "print DUMP --class nowhere"),
    (
        "select-pattern",
        "print DUMP --brief --class *.S* --limit 2",
    ),
    ("misspelt-print", "print DUMP --brief --class cart"),
    (
        "misspelt-one-of-two",
        "print DUMP --brief --class cart --class Session --limit 1",
    ),
    ("misspelt-name", "summary DUMP --name Cartt --snapshot last"),
    ("misspelt-repr", "print DUMP --repr Customer-5 --limit 1"),
    (
        "misspelt-together",
        "print DUMP --class Product --repr customer --alive",
    ),
    (
        "misspelt-summary",
        "summary DUMP --class cart --snapshot last",
    ),
    (
        "misspelt-lifetimes",
        "summary DUMP --lifetimes --class cart",
    ),
    ("misspelt-leaks", "leaks LEAKY --class cart"),
    (
        "misspelt-leaks-json",
        "leaks LEAKY --class cart --format json",
    ),
    ("misspelt-diff", "diff LEAKY --class cart"),
    ("misspelt-diff-dumps", "diff DUMP LEAKY --class cart"),
    ("misspelt-sites", "sites LEAKY --class cart"),
    ("misspelt-folded", "sites LEAKY --class cart --folded"),
    ("misspelt-min-size", "sites LEAKY --min-size 1GiB"),
    (
        "leaks-no-objects",
        "leaks fixtures/dumps/empty.only-snapshots-1.1-py311.dump",
    ),
    (
        "sort-two-keys",
        "print DUMP --brief --sort classname,size --limit 12",
    ),
    (
        "sort-repeated",
        "print DUMP --brief --sort classname --sort size --limit 12",
    ),
    ("reverse-default", "print DUMP --brief --reverse --limit 5"),
    // Summaries.
    ("summary-table", "summary DUMP"),
    ("summary-table-80", "summary DUMP --width 80"),
    ("summary-bytes", "summary DUMP --snapshot last --bytes"),
    ("summary-json", "summary DUMP --format json"),
    (
        "summary-ndjson",
        "summary DUMP --format ndjson --snapshot 1",
    ),
    ("summary-csv", "summary DUMP --format csv"),
    (
        "summary-markdown",
        "summary DUMP --format markdown --snapshot tuesday",
    ),
    ("summary-pympler", "summary DUMP --format pympler"),
    (
        "summary-share-of",
        "summary LEAKY --share-of resident --sort share --snapshot last",
    ),
    (
        "summary-share-of-json",
        "summary LEAKY --share-of asizeof --snapshot last --class Cart --format json",
    ),
    (
        "summary-share-of-nothing",
        "summary DUMP --share-of asizeof --snapshot last",
    ),
    (
        "usage-share-of-pympler",
        "summary DUMP --share-of virtual --format pympler",
    ),
    ("summary-limit", "summary DUMP --sort size --limit 1"),
    (
        "summary-sort",
        "summary DUMP --sort active,classname --reverse --snapshot peak",
    ),
    (
        "summary-class",
        "summary DUMP --class Cart --snapshot first --snapshot -1",
    ),
    (
        "summary-alive",
        "summary DUMP --alive --min-size 1KiB --snapshot last",
    ),
    (
        "summary-no-process",
        "summary fixtures/dumps/noproc-base-1.1-py311.dump",
    ),
    (
        "summary-no-snapshots",
        "summary fixtures/dumps/empty.zero-snapshots-1.1-py311.dump",
    ),
    (
        "summary-no-objects",
        "summary fixtures/dumps/empty.only-snapshots-1.1-py311.dump",
    ),
    (
        "print-no-objects",
        "print fixtures/dumps/empty.nothing-1.1-py311.dump",
    ),
    ("trend", "summary LEAKY --trend"),
    ("trend-80", "summary LEAKY --trend --width 80 --limit 3"),
    ("trend-60", "summary LEAKY --trend --width 60 --sort active"),
    (
        "trend-growth",
        "summary LEAKY --trend --sort growth,classname --reverse --bytes",
    ),
    (
        "trend-json",
        "summary LEAKY --trend --format json --limit 1",
    ),
    (
        "trend-ndjson",
        "summary LEAKY --trend --format ndjson --class Cart --alive",
    ),
    ("trend-csv", "summary LEAKY --trend --format csv --limit 3"),
    (
        "trend-markdown",
        "summary LEAKY --trend --format markdown --limit 50%",
    ),
    (
        "trend-hostile",
        "summary fixtures/markup.dump --trend --limit 5",
    ),
    ("trend-clock", "summary CLOCK --trend --width 80"),
    ("trend-long", "summary LONG --trend --width 80"),
    (
        "trend-nothing",
        "summary fixtures/dumps/empty.nothing-1.1-py311.dump --trend",
    ),
    ("misspelt-trend", "summary LEAKY --trend --class cart"),
    (
        "usage-trend-pympler",
        "summary LEAKY --trend --format pympler",
    ),
    (
        "usage-trend-sort",
        "summary LEAKY --trend --sort size,average",
    ),
    (
        "usage-trend-snapshot",
        "summary LEAKY --trend --snapshot peak",
    ),
    ("usage-growth", "summary LEAKY --sort growth"),
    ("lifetimes", "summary LEAKY --lifetimes"),
    (
        "lifetimes-80",
        "summary LEAKY --lifetimes --width 80 --limit 3",
    ),
    ("lifetimes-json", "summary LEAKY --lifetimes --format json"),
    (
        "lifetimes-ndjson",
        "summary LEAKY --lifetimes --format ndjson --class Cart",
    ),
    (
        "lifetimes-csv",
        "summary LEAKY --lifetimes --format csv --limit 3",
    ),
    (
        "lifetimes-markdown",
        "summary LEAKY --lifetimes --format markdown",
    ),
    (
        "lifetimes-dead",
        "summary LEAKY --lifetimes --dead --min-size 1KiB",
    ),
    (
        "lifetimes-hostile",
        "summary fixtures/markup.dump --lifetimes --limit 5",
    ),
    (
        "lifetimes-nothing",
        "summary fixtures/dumps/empty.nothing-1.1-py311.dump --lifetimes",
    ),
    (
        "usage-lifetimes-pympler",
        "summary LEAKY --lifetimes --format pympler",
    ),
    (
        "usage-lifetimes-sort",
        "summary LEAKY --lifetimes --sort size",
    ),
    // What a dump is.
    ("info", "info DUMP"),
    ("info-bytes", "info DUMP --bytes"),
    ("info-json", "info DUMP --format json"),
    ("info-markdown", "info DUMP --format markdown"),
    ("info-markdown-hostile", "info HOSTILE --format markdown"),
    ("info-native", "info fixtures/native/shop-v1.bin"),
    ("info-compressed", "info fixtures/invalid/packed-zst.bin"),
    (
        "info-compressed-json",
        "info fixtures/invalid/packed-zst.bin --format json",
    ),
    ("info-gzip", "info fixtures/invalid/packed-gz.bin"),
    (
        "info-xz-json",
        "info fixtures/invalid/packed-xz.bin --format json",
    ),
    (
        "info-native-json",
        "info fixtures/native/shop-v2.bin --format json",
    ),
    (
        "info-empty",
        "info fixtures/dumps/empty.nothing-1.1-py311.dump",
    ),
    (
        "info-no-snapshots",
        "info fixtures/dumps/empty.zero-snapshots-1.1-py311.dump",
    ),
    (
        "info-unknown-globals",
        "info fixtures/dumps/exotic-repr-subclass-1.1-py311.dump",
    ),
    // What is salvaged.
    (
        "salvage-info",
        "info fixtures/invalid/trunc-b0-002080.bin --salvage",
    ),
    (
        "salvage-info-json",
        "info fixtures/invalid/trunc-b0-002080.bin --salvage --format json",
    ),
    (
        "salvage-no-snapshots",
        "summary fixtures/invalid/trunc-b0-001771.bin --salvage --width 100",
    ),
    (
        "salvage-objects",
        "print fixtures/invalid/trunc-b0-001769.bin --salvage --brief",
    ),
    (
        "salvage-damaged",
        "print fixtures/invalid/flip-b1-003044-7.bin --salvage --brief --format ndjson",
    ),
    (
        "salvage-nothing",
        "info fixtures/invalid/trunc-b0-000011.bin --salvage",
    ),
    (
        "salvage-foreign",
        "info fixtures/invalid/other-text.bin --salvage",
    ),
    ("salvage-whole", "info DUMP --salvage"),
    // What leaks.
    ("leaks", "leaks LEAKY"),
    ("leaks-80", "leaks LEAKY --width 80 --limit 1"),
    ("leaks-json", "leaks LEAKY --format json --class Cart"),
    ("leaks-ndjson", "leaks LEAKY --format ndjson --class S"),
    ("leaks-csv", "leaks LEAKY --format csv"),
    ("leaks-markdown", "leaks LEAKY --format markdown"),
    (
        "leaks-between",
        "leaks LEAKY --class Cart --between 2 10:15 --alive-at -2",
    ),
    ("leaks-no-suspects", "leaks LEAKY --class Product"),
    ("leaks-hostile", "leaks fixtures/markup.dump --limit 2"),
    (
        "leaks-no-snapshots",
        "leaks fixtures/dumps/empty.zero-snapshots-1.1-py311.dump",
    ),
    ("usage-leaks-between", "leaks LEAKY --between 0 noon"),
    ("help-leaks", "leaks --help"),
    // What swells, what has no sizes, a queue, and what is at rest again.
    (
        "leaks-swelling",
        "leaks fixtures/field/s02_str_log.dump.gz --width 80",
    ),
    (
        "leaks-weightless",
        "leaks fixtures/field/l20_metaclass.dump.gz --width 80",
    ),
    (
        "leaks-backlog",
        "leaks fixtures/field/l21_backlog.dump.gz --width 80",
    ),
    (
        "leaks-stopped",
        "leaks fixtures/field/n16_rehash.dump.gz --width 80",
    ),
    ("leaks-limit", "leaks HISTORIES --limit 1"),
    // A clock that was set back: lives are judged by the order of the snapshots.
    ("clock-leaks", "leaks CLOCK"),
    ("clock-summary", "summary CLOCK --snapshot 4 --snapshot 5"),
    (
        "clock-summary-pympler",
        "summary CLOCK --snapshot 5 --format pympler",
    ),
    ("clock-lifetimes", "summary CLOCK --lifetimes"),
    ("clock-diff", "diff CLOCK"),
    ("clock-sites", "sites CLOCK"),
    ("clock-check", "check CLOCK --no-leaks"),
    ("clock-info", "info CLOCK"),
    // What changed.
    ("diff", "diff LEAKY"),
    ("diff-80", "diff LEAKY --width 80 --bytes"),
    ("diff-referents", "diff LEAKY --class Cart --referents"),
    (
        "diff-from-to",
        "diff LEAKY --from 10:00 --to -2 --limit 2 --sort active --reverse",
    ),
    (
        "diff-json",
        "diff LEAKY --format json --class Cart --referents",
    ),
    ("diff-ndjson", "diff LEAKY --format ndjson"),
    ("diff-csv", "diff LEAKY --format csv --limit 3"),
    ("diff-csv-referents", "diff LEAKY --format csv --referents"),
    ("diff-markdown", "diff LEAKY --format markdown --referents"),
    ("diff-dumps", "diff DUMP LEAKY --referents"),
    (
        "diff-checkpoints",
        "diff fixtures/checkpoint_early.dump fixtures/checkpoint_late.dump",
    ),
    (
        "diff-checkpoints-json",
        "diff fixtures/checkpoint_early.dump fixtures/checkpoint_late.dump --format json",
    ),
    (
        "diff-checkpoints-backwards",
        "diff fixtures/checkpoint_late.dump fixtures/checkpoint_early.dump",
    ),
    ("diff-dumps-json", "diff DUMP LEAKY --format json"),
    (
        "diff-ndjson-referents",
        "diff LEAKY --format ndjson --referents --class Cart",
    ),
    (
        "diff-backwards",
        "diff LEAKY --from last --to first --limit 2",
    ),
    ("diff-same", "diff LEAKY --from 3 --to 3"),
    (
        "diff-hostile",
        "diff HOSTILE fixtures/markup.dump --referents --width 100",
    ),
    (
        "diff-no-snapshots",
        "diff fixtures/dumps/empty.zero-snapshots-1.1-py311.dump",
    ),
    (
        "diff-no-snapshots-in-newer",
        "diff DUMP fixtures/dumps/empty.zero-snapshots-1.1-py311.dump",
    ),
    ("usage-diff-to", "diff LEAKY --to noon"),
    ("usage-diff-stdin", "diff - -"),
    ("usage-diff-sort", "diff LEAKY --sort size"),
    ("help-diff", "diff --help"),
    // Where objects were created.
    ("sites", "sites LEAKY --limit 4"),
    ("sites-80", "sites LEAKY --width 80 --limit 4 --depth 2"),
    ("sites-depth", "sites LEAKY --depth 3 --class Cart --alive"),
    (
        "sites-function",
        "sites LEAKY --by function --sort alive,site",
    ),
    ("sites-file", "sites LEAKY --by file --bytes"),
    ("sites-class", "sites LEAKY --by class"),
    ("sites-name", "sites LEAKY --by name --reverse"),
    ("sites-repr", "sites LEAKY --by repr --limit 3"),
    (
        "sites-json",
        "sites LEAKY --format json --depth 2 --limit 2",
    ),
    ("sites-ndjson", "sites LEAKY --format ndjson --limit 2"),
    ("sites-csv", "sites LEAKY --format csv"),
    ("sites-markdown", "sites LEAKY --format markdown"),
    ("sites-hostile", "sites HOSTILE --width 100"),
    // Own code, below the code that created the objects for it.
    ("sites-own", "sites PRICES"),
    ("sites-own-80", "sites DJANGO --width 80"),
    ("sites-own-depth", "sites DJANGO --depth 5 --limit 1"),
    ("sites-own-json", "sites PRICES --format json"),
    ("sites-own-csv", "sites PRICES --format csv"),
    ("sites-own-markdown", "sites PRICES --format markdown"),
    ("sites-by-own", "sites PRICES --by own"),
    ("sites-by-own-json", "sites DJANGO --by own --format json"),
    ("sites-by-own-depth", "sites DJANGO --by own --depth 2"),
    (
        "sites-by-own-prefixes",
        "sites DJANGO --by own --own django.db --own /srv/field/programs",
    ),
    (
        "sites-own-file",
        "sites PRICES --by file --own shop --own threading",
    ),
    (
        "sites-own-folder",
        "sites fixtures/dumps/bank-small-1.1-py311.dump --own bank",
    ),
    ("usage-sites-own", "sites PRICES --own ./"),
    ("usage-sites-own-by", "sites PRICES --own shop --by class"),
    ("usage-sites-own-folded", "sites PRICES --own shop --folded"),
    // What was alive at a snapshot, and how large it was then.
    ("sites-snapshot", "sites PRICES --snapshot noon"),
    (
        "sites-snapshot-json",
        "sites PRICES --snapshot -1 --by class --format json",
    ),
    ("sites-alive-at", "sites PRICES --alive-at first"),
    (
        "sites-alive-at-alive",
        "sites PRICES --alive-at first --alive --by class --bytes",
    ),
    (
        "sites-alive-at-snapshot",
        "sites PRICES --alive-at first --snapshot evening --by own",
    ),
    (
        "sites-snapshot-nothing",
        "sites LEAKY --snapshot 0 --class Cart",
    ),
    (
        "sites-snapshot-folded",
        "sites PRICES --snapshot noon --folded",
    ),
    (
        "sites-snapshot-repeated",
        "sites fixtures/dumps/equal-1.1-py311.dump --snapshot eq --by class",
    ),
    ("usage-sites-snapshot", "sites PRICES --snapshot evning"),
    ("usage-sites-alive-at", "sites PRICES --alive-at 7"),
    // A profile for pprof; tests/pprof.py reads it.
    (
        "usage-sites-pprof-two",
        "sites DUMP LEAKY --pprof target/none.pb.gz",
    ),
    (
        "sites-pprof-unused-own",
        "sites PRICES --pprof /dev/null --own shp",
    ),
    (
        "sites-pprof-no-folder",
        "sites PRICES --pprof target/no/such/folder/out.pb.gz",
    ),
    (
        "sites-no-traces",
        "sites fixtures/dumps/bank-small-1.1-py311.dump",
    ),
    ("sites-folded", "sites LEAKY --folded --alive"),
    (
        "sites-folded-objects",
        "sites LEAKY --folded --weight objects",
    ),
    ("sites-folded-dumps", "sites DUMP LEAKY --folded"),
    ("sites-folded-hostile", "sites HOSTILE --folded"),
    (
        "sites-nothing-to-draw",
        "sites fixtures/dumps/empty.nothing-1.1-py311.dump --folded --flamegraph target/none.svg",
    ),
    ("several-sites-two", "sites DUMP LEAKY"),
    ("usage-sites-depth", "sites LEAKY --depth 0"),
    ("usage-sites-folded-by", "sites LEAKY --folded --by class"),
    ("help-sites", "sites --help"),
    // Whether it keeps to limits.
    (
        "check",
        "check LEAKY --max-alive shop.Cart=10 --max-bytes *=10KiB --max-growth *=5% --no-leaks",
    ),
    ("check-80", "check LEAKY --no-leaks --width 80 --bytes"),
    ("check-holds", "check LEAKY --max-alive shop.*=44"),
    ("check-limits", "check LEAKY --limits fixtures/limits.toml"),
    (
        "check-limits-overruled",
        "check LEAKY --limits fixtures/limits.toml --max-bytes *=1MiB --class Product",
    ),
    (
        "check-baseline",
        "check LEAKY --baseline DUMP --max-growth *=100%",
    ),
    (
        "check-json",
        "check LEAKY --max-growth *=5% --no-leaks --class Cart --format json",
    ),
    (
        "check-junit",
        "check LEAKY --max-alive *=20 --no-leaks --format junit",
    ),
    (
        "check-github",
        "check LEAKY --max-growth *=50KiB --no-leaks --class C --format github",
    ),
    (
        "check-hostile-table",
        "check HOSTILE --max-alive *=0 --max-bytes *=1",
    ),
    (
        "check-hostile-json",
        "check fixtures/markup.dump --max-alive *=0 --format json",
    ),
    (
        "check-hostile-junit",
        "check fixtures/markup.dump --max-alive *=0 --format junit",
    ),
    (
        "check-hostile-github",
        "check fixtures/markup.dump --max-alive *=0 --format github",
    ),
    (
        "check-unused-junit",
        "check LEAKY --max-alive shop.Crat=10 --format junit",
    ),
    (
        "check-unused-leaks",
        "check LEAKY --no-leaks --class nowhere",
    ),
    (
        "check-allow-missing",
        "check LEAKY --max-alive Crat=10 --max-alive Cart=44 --allow-missing",
    ),
    (
        "check-allow-missing-junit",
        "check LEAKY --max-alive Crat=10 --allow-missing --format junit",
    ),
    (
        "check-unused-github",
        "check LEAKY --max-alive Cart*=10 --max-bytes *=1MiB --format github",
    ),
    (
        "check-unused-json",
        "check LEAKY --max-alive cart=10 --format json",
    ),
    (
        "check-part-of-name",
        "check LEAKY --max-alive Cart=43 --max-bytes *.S*=1KiB",
    ),
    (
        "check-filtered-out",
        "check LEAKY --max-alive Cart=10 --class Product",
    ),
    (
        "check-nothing-passes",
        "check LEAKY --max-alive Cart=10 --repr nobody",
    ),
    (
        "check-misspelt-key",
        "check LEAKY --limits fixtures/misspelt-limits.toml",
    ),
    ("check-hyphen", "check LEAKY --max-alive -=0"),
    ("check-unused", "check LEAKY --max-alive shop.Crat=10"),
    (
        "check-no-snapshots",
        "check fixtures/dumps/empty.zero-snapshots-1.1-py311.dump --max-bytes *=1",
    ),
    (
        "check-no-snapshots-in-baseline",
        "check DUMP --baseline fixtures/dumps/empty.zero-snapshots-1.1-py311.dump --max-growth *=1%",
    ),
    (
        "check-too-few-snapshots",
        "check fixtures/dumps/bank-small-1.1-py311.dump --no-leaks",
    ),
    (
        "check-no-limits-file",
        "check LEAKY --limits fixtures/none.toml",
    ),
    (
        "check-odd-limits-file",
        "check LEAKY --limits fixtures/shop.py",
    ),
    ("usage-check-nothing", "check LEAKY"),
    (
        "usage-check-baseline",
        "check LEAKY --baseline DUMP --max-alive *=1",
    ),
    ("usage-check-limit", "check LEAKY --max-bytes shop.Cart"),
    ("help-check", "check --help"),
    ("help-html", "html --help"),
    ("usage-html-stdout", "html DUMP -o -"),
    ("usage-html-folder", "html DUMP -o fixtures"),
    ("help-info", "info --help"),
    // Remarks on standard error.
    (
        "trailing-bytes",
        "print fixtures/variants/bank-small-1.1-py311.garbage.dump --brief",
    ),
    (
        "bomb-cut",
        "print fixtures/invalid/bomb-asized-dag40.bin --format pympler --min-size 1GiB",
    ),
    ("opaque-size", "print fixtures/edited/edit-numpy_sizes.dump"),
    // Names that are too long and end alike.
    (
        "names-summary-80",
        "summary LONG --snapshot last --width 80",
    ),
    ("names-diff-80", "diff LONG --referents --width 80"),
    ("names-leaks-80", "leaks LONG --width 80"),
    ("names-sites-60", "sites LONG --by class --width 60"),
    ("names-print-120", "print LONG --brief --width 120"),
    ("names-check-60", "check LONG --max-alive *=0 --width 60"),
    // Leaks that are known and accepted.
    (
        "leaks-known",
        "leaks LEAKY --known fixtures/known.toml --width 80",
    ),
    (
        "leaks-known-json",
        "leaks LEAKY --known fixtures/known.toml --format json --class Cart",
    ),
    (
        "leaks-known-ndjson",
        "leaks LEAKY --known fixtures/known.toml --format ndjson --class Cart",
    ),
    ("leaks-known-csv", "leaks LEAKY --ignore Cart --format csv"),
    (
        "leaks-known-markdown",
        "leaks LEAKY --known fixtures/known.toml --format markdown --class Cart",
    ),
    (
        "leaks-known-idle",
        "leaks LEAKY --known fixtures/known-idle.toml --ignore Session --ignore nobody --format csv",
    ),
    (
        "leaks-known-lines",
        "leaks REGISTRY --known fixtures/known-lines.toml --class Cart --class Hub --format csv",
    ),
    ("leaks-ignore-all", "leaks LEAKY --ignore * --width 80"),
    (
        "leaks-known-unknown-key",
        "leaks LEAKY --known fixtures/known-unknown-key.toml",
    ),
    (
        "leaks-known-no-why",
        "leaks LEAKY --known fixtures/known-no-why.toml",
    ),
    (
        "leaks-known-bad-date",
        "leaks LEAKY --known fixtures/known-bad-date.toml",
    ),
    (
        "leaks-known-no-toml",
        "leaks LEAKY --known fixtures/shop.py",
    ),
    (
        "leaks-known-limits",
        "leaks LEAKY --known fixtures/limits.toml",
    ),
    (
        "leaks-known-no-file",
        "leaks LEAKY --known fixtures/none.toml",
    ),
    (
        "leaks-known-empty",
        "leaks LEAKY --known /dev/null --class nowhere --format csv",
    ),
    ("usage-leaks-ignore", "leaks LEAKY --ignore="),
    (
        "check-known",
        "check LEAKY --no-leaks --known fixtures/known.toml --width 80",
    ),
    (
        "check-known-all",
        "check LEAKY --no-leaks=possible --known fixtures/known.toml --ignore Subscription --width 80",
    ),
    (
        "check-known-json",
        "check LEAKY --no-leaks --max-alive Cart=3 --known fixtures/known.toml --class Cart --format json",
    ),
    (
        "check-known-junit",
        "check LEAKY --no-leaks --known fixtures/known.toml --format junit",
    ),
    (
        "check-known-github",
        "check LEAKY --no-leaks --known fixtures/known.toml --format github",
    ),
    (
        "check-known-idle",
        "check LEAKY --no-leaks --known fixtures/known-idle.toml --ignore *",
    ),
    (
        "check-min-growth",
        "check LEAKY --no-leaks --min-growth 16KiB --width 80",
    ),
    (
        "check-known-no-why",
        "check LEAKY --no-leaks --known fixtures/known-no-why.toml",
    ),
    (
        "usage-check-known",
        "check LEAKY --max-alive *=99 --ignore Cart",
    ),
    // Who may hold a suspect.
    ("leaks-hints", "leaks REGISTRY --class Job --width 80"),
    (
        "leaks-hints-markdown",
        "leaks REGISTRY --class Cart --format markdown",
    ),
    (
        "leaks-hints-ndjson",
        "leaks REGISTRY --class Ticket --class Journal --format ndjson",
    ),
    // Orders of leaks, a page of info.
    (
        "leaks-sort",
        "leaks LEAKY --sort classname --reverse --limit 2 --format csv",
    ),
    (
        "leaks-sort-bytes",
        "leaks LEAKY --sort active,bytes --format csv",
    ),
    (
        "leaks-one-more",
        "leaks HISTORIES --class random_cache --class lru --class warm_up --class cache.C0 --class cache.C1",
    ),
    ("info-60", "info LEAKY --width 60"),
    // Many dumps.
    ("fleet", "trend FLEET --width 100"),
    ("fleet-60", "trend FLEET --width 60"),
    (
        "fleet-bytes",
        "trend FLEET --bytes --width 100 --class Cart",
    ),
    ("fleet-by-host", "trend FLEET --by host --width 100"),
    ("fleet-by-version", "trend FLEET --by version --width 100"),
    ("fleet-json", "trend FLEET --format json --threads 2"),
    (
        "fleet-ndjson",
        "trend FLEET --format ndjson --rows outliers",
    ),
    ("fleet-csv", "trend FLEET --format csv"),
    (
        "fleet-csv-outliers",
        "trend FLEET --format csv --rows outliers",
    ),
    ("fleet-csv-lines", "trend FLEET --format csv --rows lines"),
    (
        "fleet-csv-restarts",
        "trend FLEET --format csv --rows restarts",
    ),
    ("fleet-markdown", "trend FLEET --format markdown"),
    ("fleet-no-growth", "trend FLEET --class Job --class Session"),
    (
        "fleet-min-growth",
        "trend FLEET --min-growth 1MiB --width 100",
    ),
    (
        "fleet-one-process",
        "trend fixtures/checkpoint_early.dump fixtures/checkpoint_late.dump --labels {host}/checkpoint_{stage}.dump",
    ),
    (
        "fleet-broken",
        "trend fixtures/invalid/trunc-b0-002080.bin fixtures/nowhere.dump README.md LEAKY LEAKY --labels {name}.{kind}",
    ),
    (
        "fleet-keep-going",
        "trend fixtures/nowhere.dump LEAKY --labels {name}.dump --keep-going --format csv",
    ),
    (
        "fleet-nothing",
        "trend fixtures/nowhere.dump fixtures/no*.dump @nowhere src/cli",
    ),
    ("usage-trend-labels", "trend LEAKY --labels {host"),
    ("usage-trend-by", "trend FLEET --by datacenter"),
    ("usage-trend-rows", "trend FLEET --rows lines"),
    ("usage-two-dumps", "print LEAKY DUMP"),
    ("usage-trend-html", "trend FLEET --html a.html --format csv"),
    ("fleet-html-dump", "trend FLEET --html LEAKY"),
    ("help-trend", "trend --help"),
    // Several dumps, each by itself.
    (
        "several-summary",
        "summary DUMP LEAKY --snapshot last --sort size --limit 2 --width 80",
    ),
    (
        "several-summary-pympler",
        "summary DUMP OLD --snapshot last --format pympler --color always",
    ),
    (
        "several-summary-trend",
        "summary DUMP LEAKY --trend --class Cart --format csv",
    ),
    (
        "several-summary-folder",
        "summary fixtures/fleet/web-2 --lifetimes --class Crat --class Stream --format csv",
    ),
    (
        "several-sites",
        "sites LEAKY PRICES OLD --limit 1 --width 80 --color always",
    ),
    (
        "several-sites-json",
        "sites LEAKY fixtures/nowhere.dump PRICES --by file --alive --format json --keep-going",
    ),
    (
        "several-sites-csv",
        "sites LEAKY PRICES --by file --format csv --spreadsheet",
    ),
    (
        "several-leaks-checkpoints",
        "leaks fixtures/checkpoint_early.dump fixtures/checkpoint_late.dump LEAKY --class Cart --format ndjson",
    ),
    (
        "several-leaks-markdown",
        "leaks LEAKY CLOCK --class Cart --class Job --format markdown",
    ),
    (
        "several-broken",
        "leaks fixtures/invalid/trunc-b0-002080.bin fixtures/nowhere.dump README.md LEAKY fixtures/no*.dump @nowhere --format csv",
    ),
    (
        "several-salvaged",
        "summary fixtures/invalid/trunc-b0-002080.bin DUMP --salvage --trend --width 80",
    ),
    (
        "several-without-the-snapshot",
        "summary DUMP LEAKY --snapshot tuesday --width 80",
    ),
    (
        "several-diff",
        "diff fixtures/checkpoint_early.dump fixtures/checkpoint_late.dump DUMP --limit 2 --width 80",
    ),
    (
        "several-diff-csv",
        "diff fixtures/checkpoint_early.dump fixtures/checkpoint_late.dump DUMP --limit 1 --format csv",
    ),
    (
        "several-diff-broken",
        "diff DUMP fixtures/nowhere.dump LEAKY DUMP --class Crat --format ndjson",
    ),
    ("several-nothing", "sites fixtures/nowhere.dump src/cli"),
    (
        "usage-several-snapshot",
        "summary DUMP LEAKY --snapshot sunday",
    ),
    ("usage-several-stacks", "sites DUMP LEAKY PRICES --folded"),
    (
        "usage-several-speedscope",
        "sites fixtures/fleet --speedscope target/none.json",
    ),
    ("usage-several-stdin", "leaks - DUMP"),
    ("usage-several-diff-folder", "diff fixtures/fleet"),
    ("usage-several-diff-one", "diff fixtures/sho*.dump"),
    // Typed otherwise than it is meant.
    ("limit-not-whole", "print DUMP --brief --limit 2.5"),
    ("usage-width", "print DUMP --width 20"),
    ("usage-width-501", "info DUMP --width 501"),
    ("usage-top", "print DUMP --top 5"),
    ("usage-n", "sites LEAKY -n 5"),
    ("usage-top-of-none", "info DUMP --top 5"),
    ("usage-unknown-leaks-key", "leaks LEAKY --sort grwth"),
    ("usage-unknown-diff-key", "diff LEAKY --sort Bytes"),
    ("usage-snapshot-misspelt", "summary DUMP --snapshot tusday"),
    ("usage-snapshot-word", "diff DUMP --from frist"),
    // Usage.
    ("usage-unknown-key", "print DUMP --sort sze"),
    ("usage-unknown-class-key", "summary DUMP --sort birth"),
    ("usage-limit-zero", "print DUMP --limit 0"),
    ("usage-limit-negative", "print DUMP --limit -5"),
    ("usage-min-size", "print DUMP --min-size big"),
    ("usage-alive-and-dead", "print DUMP --alive --dead"),
    ("usage-snapshot", "summary DUMP --snapshot sunday"),
    ("usage-snapshot-number", "summary DUMP --snapshot 9"),
    ("usage-nothing", ""),
    ("usage-no-dump", "print"),
    ("help", "--help"),
    ("help-print", "print --help"),
    ("help-summary", "summary --help"),
    ("help-convert", "convert --help"),
    ("help-export", "export --help"),
    ("version", "--version"),
];

#[test]
fn every_line_prints_what_is_expected() {
    let mut failures = Vec::new();
    for (name, line) in CASES {
        let line = line
            .replace("FLEET", FLEET)
            .replace("HISTORIES", "fixtures/histories.dump.gz")
            .replace("LEAKY", "fixtures/leaky_shop.dump")
            .replace("ORDERS", ORDERS)
            .replace("INTS", "fixtures/edited/rebuilt-ints.dump")
            .replace("HOSTILE", "fixtures/dumps/weirdstr-surr-1.1-py311.dump")
            .replace("CLOCK", "fixtures/clock_set_back.dump.gz")
            .replace("PRICES", "fixtures/prices.dump")
            .replace("REGISTRY", "fixtures/registry.dump.gz")
            .replace("DJANGO", "fixtures/django.dump.gz")
            .replace("LONG", "fixtures/long_names.dump.gz")
            .replace("DUMP", SHOP)
            .replace("OLD", "fixtures/dumps/quickstart-0.2.0-py27.dump");
        let output = run(&line);
        let outcome = format!(
            "$ ctstats {line}\n{}--- standard error, exit {}\n{}",
            String::from_utf8_lossy(&output.stdout).replace('\r', "<CR>"),
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stderr),
        );
        failures.extend(expect(&format!("{name}.txt"), &outcome).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// However many classes a dump has and however long its texts are, an overview fits a terminal of
/// 24 lines and 80 columns, and tells how many classes are not shown.
#[test]
fn an_overview_is_one_screen() {
    let mut paths = Vec::new();
    for folder in ["", "dumps", "edited"] {
        let files = fs::read_dir(fixture(folder)).expect("the folder is there");
        paths.extend(files.map(|file| file.expect("it can be read").path()));
    }
    let mut shown = 0;
    for path in paths.iter().filter(|path| path.is_file()) {
        let of = |form: &str| {
            let mut command = ctstats();
            command.arg(path).args(["--width", "80", "--format", form]);
            command.output().expect("the binary starts")
        };
        let output = of("table");
        if !output.status.success() {
            continue;
        }
        let text = String::from_utf8(output.stdout).expect("it is UTF-8");
        let name = path.display();
        assert!(text.lines().count() < 24, "{name}: {text}");
        for line in text.lines() {
            let columns = unicode_width::UnicodeWidthStr::width(line);
            assert!(columns <= 80, "{name}: {columns} columns: {line}");
        }
        // Each class that held something has a row, or is counted.
        let document: serde_json::Value =
            serde_json::from_slice(&of("json").stdout).expect("it is JSON");
        let judged = document["classes_judged"].as_u64().expect("a number");
        let rows = text.lines().skip_while(|line| !line.starts_with("class "));
        let rows = rows.skip(1).take_while(|line| !line.starts_with("total"));
        let counts = rows.map(|row| match row.split_once(" more ") {
            Some((count, _)) => count.parse().expect("a number"),
            None => 1,
        });
        assert_eq!(counts.sum::<u64>(), judged, "{name}: {text}");
        shown += 1;
    }
    assert!(shown > 60, "{shown}");
}

/// A command comes before a file of its name, which a path reaches.
#[test]
fn a_file_is_named_like_a_command() {
    let folder = tempfile::tempdir().expect("it can be made");
    fs::copy(fixture("shop.dump"), folder.path().join("leaks")).expect("it can be copied");
    let run = |word: &str| {
        let mut command = ctstats();
        command.current_dir(folder.path()).arg(word);
        command.output().expect("the binary starts")
    };
    let error = String::from_utf8(run("leaks").stderr).expect("it is UTF-8");
    assert!(error.contains("required arguments"), "{error}");
    let text = String::from_utf8(run("./leaks").stdout).expect("it is UTF-8");
    assert!(text.starts_with("./leaks\n"), "{text}");
    assert!(text.contains("  ctstats leaks ./leaks"), "{text}");
}

/// A tree that unfolds without end is cut, and that is said.
#[test]
fn endless_trees_are_cut() {
    for bomb in ["asized-dag40", "self-refs", "deep-asized5k"] {
        for format in ["table", "json", "pympler"] {
            let output = run(&format!(
                "print fixtures/invalid/bomb-{bomb}.bin --format {format}"
            ));
            assert_eq!(output.status.code(), Some(0), "{bomb} {format}");
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(error.contains("they were cut"), "{bomb} {format}: {error}");
            assert!(output.stdout.len() < 40_000_000, "{bomb} {format}");
        }
    }
}

/// No form but `pympler` lets a control character of the dump through.
#[test]
fn nothing_acts_on_a_terminal() {
    for dump in [
        "weirdstr-surr-1.1-py311",
        "weirdstr-1.1-py313",
        "desc-1.1-py311",
        "bigrepr-1.1-py311",
    ] {
        for command in [
            "print",
            "summary",
            "summary --trend",
            "diff",
            "leaks",
            "sites",
        ] {
            for format in ["table", "json", "ndjson", "csv", "markdown"] {
                let output = run(&format!(
                    "{command} fixtures/dumps/{dump}.dump --format {format}"
                ));
                assert!(output.status.success());
                let text = String::from_utf8(output.stdout).expect("it is UTF-8");
                let acts = text.chars().find(|&c| {
                    c.is_control() && !matches!(c, '\n' | '\r')
                        || matches!(c, '\u{202a}'..='\u{202e}')
                });
                assert_eq!(acts, None, "{command} {dump} {format}");
                assert!(format == "csv" || !text.contains('\r'));
            }
        }
    }
}

/// No form but `pympler` has a line that the log of a build takes for a command: `::name …::` at
/// its start, behind blanks or not, or `##name[…]` anywhere.
#[test]
fn nothing_commands_a_log() {
    let is_command = |line: &str| {
        let is_name = |name: &str| name.starts_with(|c: char| c.is_ascii_alphabetic());
        let line = line.trim_start();
        let marked = line.match_indices("##").any(|(at, _)| {
            let after = line[at..].trim_start_matches('#');
            after
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .starts_with('[')
        });
        marked || line.strip_prefix("::").is_some_and(is_name)
    };
    assert!(is_command(" ::error::x") && is_command("a ###vso[x]") && !is_command(": # ## [x"));
    let mut lines = 0;
    for dump in [ORDERS, "fixtures/markup.dump"] {
        for command in [
            "print",
            "print --brief",
            "summary",
            "summary --lifetimes",
            "summary --trend",
            "leaks",
            "diff --referents",
            "sites",
            "sites --depth 3",
            "sites --by repr",
            "sites --by name",
            "overview",
            "info",
        ] {
            for format in [
                "table",
                "json",
                "ndjson",
                "csv",
                "csv --spreadsheet",
                "markdown",
            ] {
                for width in [60, 80, 117, 200] {
                    if width > 60 && format != "table" {
                        continue;
                    }
                    let mut line = format!("{command} {dump} --format {format}");
                    if command != "info" {
                        line += &format!(" --width {width}");
                    } else if !["table", "json", "markdown"].contains(&format) {
                        continue;
                    }
                    if command == "overview" && !["table", "json", "markdown"].contains(&format) {
                        continue;
                    }
                    let output = run(&line);
                    assert!(output.status.success(), "{line}");
                    for bytes in [output.stdout, output.stderr] {
                        let text = String::from_utf8(bytes).expect("it is UTF-8");
                        let command = text.lines().find(|line| is_command(line));
                        assert_eq!(command, None, "{line}");
                        lines += text.lines().count();
                    }
                }
            }
        }
        for line in [
            format!("sites {dump} --folded"),
            format!("check {dump} --max-bytes *=0 --width 60"),
            format!("check {dump} --max-bytes *=0 --format json"),
            format!("check {dump} --max-bytes *=0 --format junit"),
            format!("print {dump} --class nowhere"),
            format!("summary {dump} --snapshot nowhere"),
        ] {
            let output = run(&line);
            for bytes in [output.stdout, output.stderr] {
                let text = String::from_utf8(bytes).expect("it is UTF-8");
                assert_eq!(text.lines().find(|line| is_command(line)), None, "{line}");
            }
        }
    }
    assert!(lines > 5000, "{lines}");
    // The texts of JSON are what they were all the same.
    let json = String::from_utf8(run(&format!("print {ORDERS} --format ndjson")).stdout);
    let json = json.expect("it is UTF-8");
    for text in ["##[error]a", "a ##vso[task.x]b", "::error title=a::b"] {
        let has = |line: &str| {
            let value: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
            value["class"] == text
        };
        assert!(json.lines().any(has), "{text}");
    }
}

/// With --spreadsheet no cell is a formula, and apart from that the CSV is the same.
#[test]
fn nothing_runs_in_a_spreadsheet() {
    let records = |line: &str| -> Vec<csv::StringRecord> {
        let output = run(line);
        assert!(output.status.success(), "{line}");
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(&output.stdout[..]);
        reader
            .records()
            .map(|row| row.expect("it is CSV"))
            .collect()
    };
    let mut kept = 0;
    for command in [
        "print",
        "summary",
        "summary --lifetimes",
        "summary --trend",
        "leaks",
        "diff --from last --to first",
        "diff --referents",
        "sites",
        "sites --by repr",
    ] {
        let line = format!("{command} {ORDERS} --format csv");
        let (plain, guarded) = (records(&line), records(&format!("{line} --spreadsheet")));
        assert_eq!(plain.len(), guarded.len());
        for (plain, guarded) in plain.iter().flatten().zip(guarded.iter().flatten()) {
            let begins = ['=', '+', '-', '@', '＝'];
            let runs = plain.trim_start().starts_with(begins) && plain.parse::<f64>().is_err();
            let expected = if runs {
                format!("'{plain}")
            } else {
                plain.into()
            };
            assert_eq!(guarded, expected, "{line}");
            kept += usize::from(runs);
        }
    }
    assert!(kept > 50, "{kept}");
}

/// Standard input reads like the file, compressed or not.
#[test]
fn standard_input_is_a_dump() {
    let whole = fs::read(fixture("dumps/quickstart-1.1-py311.dump")).expect("it is there");
    let expected = run("print fixtures/dumps/quickstart-1.1-py311.dump").stdout;
    let packed =
        |name: &str| fs::read(fixture(&format!("invalid/packed-{name}.bin"))).expect("it is there");
    for input in [whole, packed("gz"), packed("zst"), packed("xz")] {
        let mut child = ctstats()
            .args(["print", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        child
            .stdin
            .take()
            .expect("it is piped")
            .write_all(&input)
            .expect("it is read");
        let output = child.wait_with_output().expect("the binary ends");
        assert!(output.status.success());
        assert_eq!(output.stdout, expected);
    }
    let output = ctstats()
        .args(["print", "-"])
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.starts_with("ctstats: standard input: the file is empty"),
        "{error}"
    );
}

/// `ctstats … | head`: a reader that goes away is no error, in any form.
#[test]
fn a_closed_pipe_is_no_error() {
    for command in ["print", "summary", "diff", "leaks", "sites"] {
        for format in ["table", "json", "ndjson", "csv", "markdown", "pympler"] {
            if format == "pympler" && !["print", "summary"].contains(&command) {
                continue;
            }
            let mut child = ctstats()
                .args([
                    command,
                    "fixtures/edited/edit-batches.dump",
                    "--format",
                    format,
                ])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the binary starts");
            let mut first = [0; 1];
            let mut stdout = child.stdout.take().expect("it is piped");
            stdout.read_exact(&mut first).expect("something is printed");
            drop(stdout);
            let output = child.wait_with_output().expect("the binary ends");
            assert_eq!(output.status.code(), Some(0), "{command} {format}");
            assert!(output.stderr.is_empty(), "{command} {format}");
        }
    }
}

/// A gate that nobody reads to the end is one all the same.
#[test]
fn a_gate_closes_through_a_closed_pipe() {
    for format in ["table", "json", "junit", "github"] {
        let mut child = ctstats()
            .args(["check", "fixtures/histories.dump.gz"])
            .args(["--max-bytes", "*=0", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        drop(child.stdout.take().expect("it is piped"));
        let output = child.wait_with_output().expect("the binary ends");
        assert_eq!(output.status.code(), Some(3), "{format}");
        assert!(output.stderr.is_empty(), "{format}");
    }
}

/// `--output` replaces a file whole, and leaves it alone if the report fails.
#[test]
fn an_output_file_is_replaced_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("report.txt");
    fs::write(&path, "old").expect("it can be written");
    let write = |dump: &str| {
        ctstats()
            .args(["print", dump, "--output"])
            .arg(&path)
            .output()
            .expect("the binary starts")
    };
    assert_eq!(
        write("fixtures/invalid/other-text.bin").status.code(),
        Some(1)
    );
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "old");
    let output = write(SHOP);
    assert!(output.status.success() && output.stdout.is_empty());
    let expected = run(&format!("print {SHOP}")).stdout;
    assert_eq!(fs::read(&path).expect("it is there"), expected);
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 1);
    let nowhere = folder.path().join("no/such/folder.txt");
    let output = ctstats()
        .args(["print", SHOP, "-o"])
        .arg(&nowhere)
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        format!(
            "ctstats: writing the output failed: {}: No such file or directory (os error 2)\n",
            nowhere.display()
        )
    );
}

/// A program that is told to stop leaves no unfinished file, and says how it ended.
#[test]
#[cfg(unix)]
fn a_signal_leaves_no_unfinished_file() {
    use std::os::unix::process::ExitStatusExt;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut stopped = 0;
    for delay in 0..40 {
        let mut child = ctstats()
            .args(["print", "--format", "json", "-o"])
            .arg(folder.path().join("out.json"))
            .arg("fixtures/edited/edit-batches.dump")
            .spawn()
            .expect("the binary starts");
        std::thread::sleep(std::time::Duration::from_millis(delay));
        let id = child.id().to_string();
        std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("kill is there");
        let status = child.wait().expect("it ends");
        stopped += usize::from(status.signal() == Some(15));
        let left: Vec<_> = fs::read_dir(folder.path())
            .expect("it is there")
            .map(|entry| entry.expect("it is there").file_name())
            .filter(|name| name.to_string_lossy().starts_with(".ctstats"))
            .collect();
        assert!(left.is_empty(), "{left:?} after {delay} ms");
    }
    assert!(stopped > 0, "no run was stopped");
}

/// What stands under the name keeps its nature: its mode, its links, the dump itself.
#[test]
#[cfg(unix)]
fn an_output_file_keeps_its_nature() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().expect("a folder can be made");
    let place = |name: &str| folder.path().join(name);
    let write = |dump: &std::path::Path, path: &std::path::Path| {
        ctstats()
            .args(["print", "--brief"])
            .arg(dump)
            .arg("-o")
            .arg(path)
            .output()
            .expect("the binary starts")
    };
    let expected = run(&format!("print {SHOP} --brief")).stdout;
    let read = |name: &str| fs::read(place(name)).expect("it is there");

    fs::write(place("private"), "old").expect("it can be written");
    fs::set_permissions(place("private"), fs::Permissions::from_mode(0o600)).expect("it is ours");
    assert!(write(SHOP.as_ref(), &place("private")).status.success());
    let mode = fs::metadata(place("private"))
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(read("private"), expected);

    symlink("target", place("link")).expect("links are allowed");
    assert!(write(SHOP.as_ref(), &place("link")).status.success());
    assert!(place("link").is_symlink());
    assert_eq!(read("target"), expected);

    let stdout = write(SHOP.as_ref(), "/dev/stdout".as_ref());
    assert_eq!(stdout.stdout, expected);

    let full = write(SHOP.as_ref(), "/dev/full".as_ref());
    assert_eq!(full.status.code(), Some(1));
    let error = String::from_utf8_lossy(&full.stderr).into_owned();
    assert!(
        error.starts_with("ctstats: writing the output failed: /dev/full: No space"),
        "{error}"
    );

    fs::copy(SHOP, place("dump.dat")).expect("it can be copied");
    let itself = write(&place("dump.dat"), &place("dump.dat"));
    assert_eq!(itself.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&itself.stderr).contains("is read by the same command"));
    assert_eq!(read("dump.dat"), fs::read(SHOP).expect("it is there"));
}

/// A full disk is an error that says so.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_named() {
    for format in ["table", "json", "csv", "pympler"] {
        let full = fs::File::create("/dev/full").expect("Linux has it");
        let output = ctstats()
            .args([
                "print",
                "fixtures/edited/edit-batches.dump",
                "--format",
                format,
            ])
            .stdout(full)
            .output()
            .expect("the binary starts");
        assert_eq!(output.status.code(), Some(1), "{format}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            error.starts_with("ctstats: writing the output failed: No space"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1);
    }
}

/// Warnings that cannot be written cost neither the report nor the exit status.
#[test]
#[cfg(target_os = "linux")]
fn a_full_standard_error_is_no_failure() {
    let cases = [
        ("print fixtures/no-such.dump", 1),
        ("print fixtures/shop.dump --class nowhere", 0),
        (
            "print fixtures/variants/bank-small-1.1-py311.garbage.dump",
            0,
        ),
    ];
    for (line, status) in cases {
        let full = fs::File::create("/dev/full").expect("Linux has it");
        let output = ctstats()
            .args(line.split_whitespace())
            .stderr(full)
            .output()
            .expect("the binary starts");
        assert_eq!(output.status.code(), Some(status), "{line}");
        assert_eq!(output.stdout, run(line).stdout, "{line}");
    }
}

/// What takes longer than a second shows how far it has come: asked to, or on a terminal.
#[test]
fn progress_is_shown_where_somebody_waits() {
    let dump = fs::read(SHOP).expect("it is there");
    for (when, shown) in [("always", true), ("auto", false), ("never", false)] {
        let mut child = ctstats()
            .args(["print", "-", "--brief", "--progress", when])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut input = child.stdin.take().expect("it is piped");
        let (first, rest) = dump.split_at(1000);
        input.write_all(first).expect("it is read");
        std::thread::sleep(std::time::Duration::from_millis(1500));
        input.write_all(rest).expect("it is read");
        drop(input);
        let output = child.wait_with_output().expect("the binary ends");
        assert!(output.status.success());
        assert_eq!(output.stdout, run(&format!("print {SHOP} --brief")).stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            errors.contains("ctstats: reading standard input: 1000 B"),
            shown,
            "{errors}"
        );
        assert_eq!(errors.is_empty(), !shown, "{errors}");
    }
}

/// Colour only where it is asked for: never without a terminal, never with NO_COLOR.
#[test]
fn colour_is_asked_for() {
    let coloured = |arguments: &str, no_color: bool| {
        let mut command = ctstats();
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let line = format!("print {SHOP} --limit 1 {arguments}");
        command
            .args(line.split_whitespace())
            .output()
            .expect("it starts")
            .stdout
            .contains(&0x1b)
    };
    assert!(!coloured("", false));
    assert!(!coloured("", true));
    assert!(coloured("--color always", false));
    assert!(!coloured("--color never", false));
}

/// The figures of the forms are the same.
#[test]
fn the_forms_agree() {
    let json = |line: String| -> serde_json::Value {
        serde_json::from_slice(&run(&line).stdout).expect("it is JSON")
    };
    let document = json(format!("print {SHOP} --format json"));
    assert_eq!(document["schema"], "ctstats.print/1");
    let objects = document["objects"].as_array().expect("a list");
    let lines = run(&format!("print {SHOP} --format ndjson")).stdout;
    let lines: Vec<serde_json::Value> = lines
        .split(|&b| b == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("each line is JSON"))
        .collect();
    assert_eq!(*objects, lines);
    let table = run(&format!("print {SHOP} --format csv")).stdout;
    let mut rows = csv::Reader::from_reader(&table[..]);
    for (object, row) in objects.iter().zip(rows.records()) {
        let row = row.expect("it is CSV");
        assert_eq!(object["class"], row[0]);
        assert_eq!(object["size_bytes"].to_string(), row[5]);
        assert_eq!(object["repr"], row[8]);
    }
    // A limit folds classes, and the columns still add up.
    let whole = json(format!("summary {SHOP} --format json"));
    let folded = json(format!("summary {SHOP} --format json --limit 1"));
    for (whole, folded) in whole["snapshots"]
        .as_array()
        .expect("a list")
        .iter()
        .zip(folded["snapshots"].as_array().expect("a list"))
    {
        let sum: i64 = whole["classes"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|class| class["sum_bytes"].as_i64().expect("a number"))
            .sum();
        assert_eq!(whole["total"]["sum_bytes"], sum);
        assert_eq!(
            folded["classes"][0]["sum_bytes"]
                .as_i64()
                .expect("a number")
                + folded["more"]["sum_bytes"].as_i64().expect("a number"),
            sum
        );
        assert_eq!(folded["more"]["classes"], 2);
    }
}

/// However wide the texts of a dump, no table is wider than the page, but for what is to be
/// copied: the commands and lines of Python that `leaks` names.
#[test]
fn no_table_is_wider_than_the_page() {
    let dumps = [
        "fixtures/dumps/bank-1.1-py311.dump",
        "fixtures/dumps/weirdstr-1.1-py313.dump",
        "fixtures/edited/edit-active_edges.dump",
        "fixtures/leaky_shop.dump",
        "fixtures/markup.dump",
    ];
    for dump in dumps {
        for command in [
            "diff --referents",
            "leaks",
            "sites --depth 100",
            "check --max-alive *=0",
            "summary --lifetimes",
            "summary --trend",
        ] {
            for width in [60, 80, 200] {
                let line = format!("{command} {dump} --width {width}");
                let output = String::from_utf8(run(&line).stdout).expect("it is UTF-8");
                for text in output.lines().filter(|text| {
                    let python = ["    tracker.", "    it = ", "    by = ", "    print("];
                    let copied = [&["    ctstats "], &python[..]].concat();
                    !copied.iter().any(|begin| text.starts_with(begin))
                }) {
                    let columns = unicode_width::UnicodeWidthStr::width(text);
                    assert!(columns <= width, "{line}: {columns} columns: {text}");
                }
            }
        }
    }
}

/// The words of a table's headings, down to the rule or the first row. Of a group's heading that
/// its column is too narrow for, the beginning.
fn headings(table: &str) -> &str {
    let begin = ["class ", "created in"].map(|name| table.find(name));
    let name = begin.into_iter().flatten().min().expect("it has a name");
    let start = table[..name].rfind("\n\n").map_or(0, |at| at + 2);
    let end = table[name..].find('\n').expect("it ends") + name;
    // What stands below each row has its heading below.
    let below = table[end + 1..].lines().next().unwrap_or_default();
    let more = if below.trim() == "repr" {
        below.len() + 1
    } else {
        0
    };
    &table[start..end + more]
}

/// A table that is sorted by a column shows it, however narrow it is, and says which others found
/// no room and at which width they do.
#[test]
fn what_a_table_is_sorted_by_is_in_it() {
    let print: &[(&str, &[&str])] = &[
        ("classname", &["class"]),
        ("name", &["class"]),
        ("birth", &["lifetime"]),
        ("death", &["lifetime"]),
        ("size", &["largest"]),
        ("tsize", &["at peak"]),
        ("repr", &["repr"]),
    ];
    let summary: &[(&str, &[&str])] = &[
        ("classname", &["class"]),
        ("size", &["sum"]),
        ("active", &["active"]),
        ("average", &["average"]),
        ("share", &["share"]),
    ];
    let diff: &[(&str, &[&str])] = &[
        ("growth", &["bytes", "change"]),
        ("bytes", &["bytes", "after"]),
        ("active", &["inst", "change"]),
        ("average", &["average", "after"]),
        ("classname", &["class"]),
    ];
    let trend: &[(&str, &[&str])] = &[
        ("classname", &["class"]),
        ("size", &["bytes", "peak"]),
        ("active", &["ins", "peak"]),
        ("growth", &["bytes", "change"]),
    ];
    let sites: &[(&str, &[&str])] = &[
        ("size", &["bytes"]),
        ("alive-bytes", &["alive bytes"]),
        ("objects", &["objects"]),
        ("alive", &["alive"]),
        ("survivors", &["survivors"]),
        ("site", &["created in"]),
    ];
    // The table says all keys there are, in the order in which the library names them.
    let named = |keys: &[(&str, &[&str])]| -> Vec<String> {
        keys.iter().map(|(name, _)| (*name).to_owned()).collect()
    };
    assert_eq!(named(print), SortKey::NAMED.map(|(name, _)| name));
    assert_eq!(named(summary), ClassSortKey::NAMED.map(|(name, _)| name));
    assert_eq!(named(trend), TrendSortKey::NAMED.map(|(name, _)| name));
    assert_eq!(named(diff), DiffSortKey::NAMED.map(|(name, _)| name));
    assert_eq!(named(sites), SiteSortKey::NAMED.map(|(name, _)| name));
    let commands = [
        ("print --brief", print),
        ("summary --snapshot last", summary),
        ("summary --trend", trend),
        ("diff", diff),
        ("sites", sites),
        ("sites --bytes", sites),
        ("diff --bytes", diff),
    ];
    for (command, keys) in commands {
        let dump = "fixtures/leaky_shop.dump --limit 3";
        let all = named(keys).join(",");
        let together: Vec<&str> = keys.iter().flat_map(|(_, words)| *words).copied().collect();
        let all = (&*all, &*together);
        for (key, words) in keys.iter().copied().chain([all]) {
            for width in [60, 80, 100, 120, 200] {
                let line = format!("{command} {dump} --sort {key} --width {width}");
                let table = String::from_utf8(run(&line).stdout).expect("it is UTF-8");
                let shown = headings(&table);
                for word in words {
                    assert!(shown.contains(word), "{line}: no {word}: {table}");
                }
                let Some((_, left_out)) = table.split_once("left out: ") else {
                    continue;
                };
                let left_out = left_out.replace('\n', " ");
                let (names, rest) = left_out.split_once(" (--width ").expect(&line);
                let (wide, rest) = rest.split_once(' ').expect(&line);
                assert_eq!(rest.trim_end(), "shows all)", "{line}");
                let line = format!("{command} {dump} --sort {key} --width {wide}");
                let wide = String::from_utf8(run(&line).stdout).expect("it is UTF-8");
                assert!(!wide.contains("left out"), "{line}: {wide}");
                for name in names.split("; ").flat_map(|group| group.split(", ")) {
                    let name = name.split(' ').next_back().expect(&line);
                    let count = |table| {
                        headings(table)
                            .split_whitespace()
                            .filter(|w| *w == name)
                            .count()
                    };
                    assert!(count(&wide) > count(&table), "{line}: {name}: {wide}");
                }
            }
        }
    }
    let line = "summary fixtures/leaky_shop.dump --lifetimes --width 60";
    let table = String::from_utf8(run(line).stdout).expect("it is UTF-8");
    assert!(table.contains("left out: churn; survivor age"), "{table}");
}

/// A name is cut at a dot where its last part fits, and never to what another class of the table
/// is cut to.
#[test]
fn names_of_classes_stay_apart() {
    let inventory = "warehouse_service.inventory";
    let record = "domain.models.persistence.StockRecord";
    let names = [
        format!("{inventory}.eastern.{record}"),
        format!("{inventory}.western.{record}"),
        format!("{inventory}.eastern.{record}HistoryEntry"),
        "Bin".into(),
    ];
    let is_cut_at_dot = |shown: &str| {
        let end = shown.rsplit('…').next().unwrap_or_default();
        let starts = |name: &&String| {
            name.strip_suffix(end)
                .is_some_and(|begin| begin.ends_with('.'))
        };
        names.iter().any(|name| name == shown || starts(&name))
    };
    for command in [
        "summary --snapshot last",
        "summary --lifetimes",
        "summary --trend",
        "diff",
        "diff --bytes",
        "sites --by class",
        "print --brief",
        "check --max-alive *=0",
    ] {
        for width in [60, 70, 80, 100, 120, 160, 200] {
            let line = format!("{command} fixtures/long_names.dump.gz --width {width}");
            let table = String::from_utf8(run(&line).stdout).expect("it is UTF-8");
            let rows = table.lines().filter(|row| !row.starts_with("    "));
            let rows = rows.map(|row| row.trim_start_matches("breach").trim_start());
            let rows =
                rows.filter(|row| ["Bin", "warehouse", "…"].iter().any(|b| row.starts_with(b)));
            let cells = rows.map(|row| row.split("  ").next().unwrap_or_default());
            let cells = cells.map(|cell| {
                cell.split(": ")
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches(':')
            });
            let shown: std::collections::BTreeSet<&str> = cells.collect();
            assert_eq!(shown.len(), names.len(), "{line}: {table}");
            if width >= 80 {
                assert!(
                    shown.iter().all(|name| is_cut_at_dot(name)),
                    "{line}: {table}"
                );
            }
            if width == 200 {
                assert!(shown.contains(&*names[1]), "{line}: {table}");
            }
        }
    }
}

/// Without a terminal the environment says how wide a page is, if that is a positive number.
#[test]
fn columns_say_how_wide_a_page_is() {
    let line = "summary fixtures/shop.dump --snapshot last";
    let with = |columns: &str, more: &str| {
        let mut command = ctstats();
        command.args(line.split(' ')).args(more.split_whitespace());
        let output = command.env("COLUMNS", columns).output();
        output.expect("the binary starts").stdout
    };
    let wide = |width: u16| run(&format!("{line} --width {width}")).stdout;
    assert_ne!(wide(70), wide(120), "the widths can be told apart");
    for (columns, width) in [
        ("70", 70),
        (" 70 ", 70),
        ("20", 60),
        ("10000", 500),
        ("0", 120),
        ("-70", 120),
        ("", 120),
        ("wide", 120),
        ("99999999999999999999", 120),
    ] {
        assert_eq!(with(columns, ""), wide(width), "COLUMNS={columns}");
    }
    assert_eq!(
        with("200", "--width 70"),
        wide(70),
        "a width that is given counts"
    );
    let place = std::env::temp_dir().join(format!("ctstats-columns-{}", std::process::id()));
    let into = format!("--output {}", place.display());
    with("70", &into);
    let written = fs::read(&place).expect("it is written");
    fs::remove_file(&place).expect("it is there");
    assert_eq!(written, wide(70), "a file is no terminal either");
}

/// Referents are told where they changed and at the last snapshot, whatever JSON says of the
/// others; what is marked is in no tree of the snapshot before.
#[test]
fn referents_are_told_where_they_change() {
    let long = "fixtures/long_names.dump.gz";
    let json = run(&format!("print {long} --format json")).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("it is JSON");
    let names = |sample: &serde_json::Value| -> Vec<(String, String)> {
        let referents = sample["referents"].as_array().expect("there is a list");
        let one = |r: &serde_json::Value| (r["name"].to_string(), r["size_bytes"].to_string());
        // Tables leave out what is up to 0.1 %, as Pympler does.
        let is_notable = |r: &&serde_json::Value| r["share_percent"].as_f64() > Some(0.1);
        referents.iter().filter(is_notable).map(one).collect()
    };
    let (mut told, mut marked, mut all) = (0, 0, 0);
    for object in json["objects"].as_array().expect("there is a list") {
        let samples = object["samples"].as_array().expect("there is a list");
        let trees: Vec<_> = samples.iter().map(names).collect();
        for (at, tree) in trees.iter().enumerate() {
            all += tree.len();
            let before = at.checked_sub(1).map(|at| &trees[at]);
            if before.is_some_and(|before| before != tree) || at + 1 == trees.len() {
                told += tree.len();
            }
            if let Some(before) = before.filter(|before| !before.is_empty()) {
                marked += tree
                    .iter()
                    .filter(|referent| !before.contains(referent))
                    .count();
            }
        }
    }
    assert!(marked > 0 && told < all, "{marked} {told} {all}");
    let lines = |flags: &str, what: &str| {
        let table = run(&format!("print {long} {flags}")).stdout;
        let table = String::from_utf8(table).expect("it is UTF-8");
        let words = ["label ", "entries ", "1000 ", "1001 ", "1002 ", "1003 "];
        let is_told = |line: &&str| {
            let line = line.trim_start().strip_prefix(what).unwrap_or_default();
            words
                .iter()
                .any(|word| line.trim_start_matches("* ").starts_with(word))
        };
        (
            table.lines().filter(is_told).count(),
            table.contains("--every shows all"),
        )
    };
    assert_eq!(lines("", ""), (told, true));
    assert_eq!(lines("", "* "), (marked, true));
    assert_eq!(lines("--every", ""), (all, false));
    assert_eq!(lines("--every", "* "), (marked, false));
}

/// Moments and spans are told in one style in what people read; for programs and in Pympler's
/// form they stay as they are.
#[test]
fn times_have_one_style() {
    // As in `00:00:05.33`.
    let is_clock = |word: &str| {
        let parts: Vec<&str> = word.split(':').collect();
        matches!(parts[..], [_, minutes, seconds] if minutes.len() == 2 && seconds.len() == 5)
    };
    let dump = "fixtures/leaky_shop.dump";
    for command in [
        "print",
        "summary",
        "summary --lifetimes",
        "diff",
        "leaks",
        "sites",
        "info",
    ] {
        for format in ["table", "markdown"] {
            let line = format!("{command} {dump} --format {format}");
            let text = String::from_utf8(run(&line).stdout).expect("it is UTF-8");
            let words = text.split(|c: char| !(c.is_ascii_digit() || ":.".contains(c)));
            let clocks: Vec<&str> = words.filter(|word| is_clock(word)).collect();
            assert!(clocks.is_empty() && !text.is_empty(), "{line}: {clocks:?}");
        }
    }
    let pympler = run(&format!("print {dump} --format pympler --limit 1")).stdout;
    assert!(String::from_utf8_lossy(&pympler).contains("00:00:0"));
}

/// One is not many.
#[test]
fn one_has_no_plural() {
    let nouns = [
        "bytes",
        "checks",
        "classes",
        "files",
        "frames",
        "instances",
        "lines",
        "more classes",
        "more frames",
        "more lines",
        "more sites",
        "objects",
        "samples",
        "sites",
        "snapshots",
        "spans",
        "stacks",
        "survivors",
    ];
    let paths = common::fixtures("../tests/expected").into_iter();
    for path in paths.filter(|path| path.is_file()) {
        let text = fs::read_to_string(&path).expect("it can be read");
        if text.contains("--format pympler") {
            // Pympler writes it so.
            continue;
        }
        for noun in nouns {
            for before in [" ", "(", "\n"] {
                let wrong = format!("{before}1 {noun}");
                assert!(!text.contains(&wrong), "{}: {wrong}", path.display());
            }
        }
    }
}

/// What two checkpoints of one process say of its objects is what the later one says alone.
#[test]
fn two_checkpoints_are_one_process() {
    let classes = |line: &str| {
        let output = run(&format!("diff {line} --format json"));
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(document["is_one_process"], true, "{line}");
        document["classes"].clone()
    };
    let late = "fixtures/checkpoint_late.dump";
    let both = classes(&format!("fixtures/checkpoint_early.dump {late}"));
    let alone = classes(&format!("{late} --from 3"));
    assert_eq!(both, alone);
    assert!(both[0]["born"].is_u64());
    let strangers = run("diff fixtures/shop.dump fixtures/leaky_shop.dump --format json");
    let strangers: serde_json::Value = serde_json::from_slice(&strangers.stdout).expect("JSON");
    assert_eq!(strangers["is_one_process"], false);
    assert!(strangers["classes"][0]["born"].is_null());
}
