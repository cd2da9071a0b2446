//! Writes dumps as Python 3's pickler would: protocol 4, everything memoized. They are
//! written as they come, so they can be larger than the memory.

use std::io::{self, Write};

/// How large a dump.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) objects: usize,
    pub(crate) snapshots: usize,
    /// Attributes of each object in each snapshot.
    pub(crate) referents: usize,
}

/// A dump as picklers write it.
#[allow(dead_code, reason = "each bench takes its part")]
pub(crate) fn write(shape: &Shape) -> Vec<u8> {
    let mut out = Vec::new();
    write_to(&mut out, shape, false).expect("a vector takes everything");
    out
}

/// The same with a POP_MARK of nothing in each instance, which no pickler writes: loaders
/// have to take it opcode by opcode.
#[allow(dead_code, reason = "each bench takes its part")]
pub(crate) fn write_unusual(shape: &Shape) -> Vec<u8> {
    let mut out = Vec::new();
    write_to(&mut out, shape, true).expect("a vector takes everything");
    out
}

/// Writes a dump to anything.
pub(crate) fn write_to(out: &mut impl Write, shape: &Shape, unusual: bool) -> io::Result<()> {
    Writer::new(&mut *out, unusual).index(shape)?;
    Writer::new(out, unusual).snapshots(shape)
}

struct Writer<W> {
    out: W,
    /// Texts and classes by memo number.
    memo: Vec<String>,
    next: u32,
    numbers: Vec<u32>,
    unusual: bool,
}

impl<W: Write> Writer<W> {
    fn new(out: W, unusual: bool) -> Self {
        Writer {
            out,
            memo: Vec::new(),
            next: 0,
            numbers: Vec::new(),
            unusual,
        }
    }

    fn memoize(&mut self) -> io::Result<()> {
        self.out.write_all(&[0x94])?;
        self.next += 1;
        Ok(())
    }

    /// A text that comes again: written once, then referred to.
    fn shared(&mut self, text: &str) -> io::Result<()> {
        if let Some(at) = self.memo.iter().position(|known| known == text) {
            let number = self.numbers[at];
            match u8::try_from(number) {
                Ok(number) => self.out.write_all(&[b'h', number])?,
                Err(_) => {
                    self.out.write_all(b"j")?;
                    self.out.write_all(&number.to_le_bytes())?;
                }
            }
            return Ok(());
        }
        self.memo.push(text.into());
        self.numbers.push(self.next);
        self.text(text)?;
        Ok(())
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(&[0x8c, text.len() as u8])?;
        self.out.write_all(text.as_bytes())?;
        self.memoize()?;
        Ok(())
    }

    fn class(&mut self, module: &str, name: &str) -> io::Result<()> {
        let full = format!("{module}.{name}");
        if self.memo.contains(&full) {
            return self.shared(&full);
        }
        self.shared(module)?;
        self.shared(name)?;
        self.out.write_all(&[0x93])?;
        self.memo.push(full);
        self.numbers.push(self.next);
        self.memoize()?;
        Ok(())
    }

    fn instance(&mut self, module: &str, name: &str) -> io::Result<()> {
        self.class(module, name)?;
        self.out.write_all(b")\x81")?;
        self.memoize()?;
        if self.unusual {
            self.out.write_all(b"(1")?;
        }
        Ok(())
    }

    fn dict(&mut self) -> io::Result<()> {
        self.out.write_all(b"}")?;
        self.memoize()?;
        self.out.write_all(b"(")?;
        Ok(())
    }

    fn int(&mut self, value: u64) -> io::Result<()> {
        match (u8::try_from(value), u16::try_from(value)) {
            (Ok(byte), _) => self.out.write_all(&[b'K', byte])?,
            (_, Ok(pair)) => {
                self.out.write_all(b"M")?;
                self.out.write_all(&pair.to_le_bytes())?;
            }
            _ => {
                self.out.write_all(&[0x8a, 8])?;
                self.out.write_all(&value.to_le_bytes())?;
            }
        }
        Ok(())
    }

    fn float(&mut self, value: f64) -> io::Result<()> {
        self.out.write_all(b"G")?;
        self.out.write_all(&value.to_bits().to_be_bytes())?;
        Ok(())
    }

    fn asized(&mut self, size: u64, name: Option<&str>, referents: usize) -> io::Result<()> {
        self.instance("pympler.asizeof", "Asized")?;
        self.out.write_all(b"N")?;
        self.dict()?;
        self.shared("flat")?;
        self.int(56)?;
        self.shared("name")?;
        match name {
            Some(name) => self.text(name),
            None => self.out.write_all(b"N"),
        }?;
        self.shared("refs")?;
        if referents == 0 {
            self.out.write_all(b")")?;
        } else {
            self.out.write_all(b"(")?;
            for number in 0..referents {
                let name = format!("[V] attribute_{number}: {}", size + number as u64);
                self.asized(size / 4, Some(&name), 0)?;
            }
            self.out.write_all(b"t")?;
            self.memoize()?;
        }
        self.shared("size")?;
        self.int(size)?;
        self.out.write_all(b"u\x86")?;
        self.memoize()?;
        self.out.write_all(b"b")?;
        Ok(())
    }

    fn object(&mut self, number: usize, class: &str, shape: &Shape) -> io::Result<()> {
        let birth = number as f64 / 100.0;
        let repr = format!(
            "<{class} object at 0x{:x}>",
            0x7f00_0000_0000_u64 + number as u64 * 64
        );
        self.instance("pympler.classtracker", "TrackedObject")?;
        self.dict()?;
        self.shared("id")?;
        self.int(0x7f00_0000_0000 + number as u64 * 64)?;
        self.shared("repr")?;
        self.text(&repr)?;
        self.shared("name")?;
        self.shared(class)?;
        self.shared("birth")?;
        self.float(birth)?;
        self.shared("death")?;
        self.out.write_all(b"N")?;
        self.shared("trace")?;
        self.out.write_all(b"N")?;
        self.shared("snapshots")?;
        self.out.write_all(b"]")?;
        self.memoize()?;
        self.out.write_all(b"(")?;
        self.float(birth)?;
        self.asized(56, None, 0)?;
        self.out.write_all(&[0x86])?;
        self.memoize()?;
        for snapshot in 0..shape.snapshots {
            self.float(1e6 + snapshot as f64)?;
            let size = 400 + (number * 7 + snapshot / 3) as u64 % 5000;
            self.asized(size, Some(&repr), shape.referents)?;
            self.out.write_all(&[0x86])?;
            self.memoize()?;
        }
        self.out.write_all(b"e")?;
        self.shared("_resolution_level")?;
        self.int(1)?;
        self.out.write_all(b"ub")?;
        Ok(())
    }

    fn snapshot(&mut self, number: usize) -> io::Result<()> {
        self.instance("pympler.classtracker", "Snapshot")?;
        self.dict()?;
        self.shared("tracked_total")?;
        self.int(1000 + number as u64)?;
        self.shared("timestamp")?;
        self.float(1e6 + number as f64)?;
        self.shared("desc")?;
        self.text(&format!("step {number}"))?;
        self.out.write_all(b"ub")?;
        Ok(())
    }

    fn index(mut self, shape: &Shape) -> io::Result<()> {
        const CLASSES: usize = 10;
        self.out.write_all(b"\x80\x04}")?;
        self.memoize()?;
        self.out.write_all(b"(")?;
        for class in 0..CLASSES {
            let name = format!("app.models.Class{class}");
            self.shared(&name)?;
            self.out.write_all(b"]")?;
            self.memoize()?;
            self.out.write_all(b"(")?;
            for number in (class..shape.objects).step_by(CLASSES) {
                self.object(number, &name, shape)?;
            }
            self.out.write_all(b"e")?;
        }
        self.out.write_all(b"u.")
    }

    fn snapshots(mut self, shape: &Shape) -> io::Result<()> {
        self.out.write_all(b"\x80\x04]")?;
        self.memoize()?;
        self.out.write_all(b"(")?;
        for number in 0..shape.snapshots {
            self.snapshot(number)?;
        }
        self.out.write_all(b"e.")
    }
}
