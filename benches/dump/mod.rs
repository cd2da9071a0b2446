//! Writes small dumps as Python 3's pickler would: protocol 4, everything memoized.

/// How large a dump.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) objects: usize,
    pub(crate) snapshots: usize,
    /// Attributes of each object in each snapshot.
    pub(crate) referents: usize,
}

/// A dump as picklers write it.
pub(crate) fn write(shape: &Shape) -> Vec<u8> {
    Writer::new(false).dump(shape)
}

/// The same with a POP_MARK of nothing in each instance, which no pickler writes: loaders
/// have to take it opcode by opcode.
pub(crate) fn write_unusual(shape: &Shape) -> Vec<u8> {
    Writer::new(true).dump(shape)
}

struct Writer {
    out: Vec<u8>,
    /// Texts and classes by memo number.
    memo: Vec<String>,
    next: u32,
    numbers: Vec<u32>,
    unusual: bool,
}

impl Writer {
    fn new(unusual: bool) -> Self {
        Writer {
            out: Vec::new(),
            memo: Vec::new(),
            next: 0,
            numbers: Vec::new(),
            unusual,
        }
    }

    fn memoize(&mut self) {
        self.out.push(0x94);
        self.next += 1;
    }

    /// A text that comes again: written once, then referred to.
    fn shared(&mut self, text: &str) {
        if let Some(at) = self.memo.iter().position(|known| known == text) {
            let number = self.numbers[at];
            match u8::try_from(number) {
                Ok(number) => self.out.extend([b'h', number]),
                Err(_) => {
                    self.out.push(b'j');
                    self.out.extend(number.to_le_bytes());
                }
            }
            return;
        }
        self.memo.push(text.into());
        self.numbers.push(self.next);
        self.text(text);
    }

    fn text(&mut self, text: &str) {
        self.out.extend([0x8c, text.len() as u8]);
        self.out.extend(text.as_bytes());
        self.memoize();
    }

    fn class(&mut self, module: &str, name: &str) {
        let full = format!("{module}.{name}");
        if self.memo.contains(&full) {
            return self.shared(&full);
        }
        self.shared(module);
        self.shared(name);
        self.out.push(0x93);
        self.memo.push(full);
        self.numbers.push(self.next);
        self.memoize();
    }

    fn instance(&mut self, module: &str, name: &str) {
        self.class(module, name);
        self.out.extend(b")\x81");
        self.memoize();
        if self.unusual {
            self.out.extend(b"(1");
        }
    }

    fn dict(&mut self) {
        self.out.push(b'}');
        self.memoize();
        self.out.push(b'(');
    }

    fn int(&mut self, value: u64) {
        match (u8::try_from(value), u16::try_from(value)) {
            (Ok(byte), _) => self.out.extend([b'K', byte]),
            (_, Ok(pair)) => {
                self.out.push(b'M');
                self.out.extend(pair.to_le_bytes());
            }
            _ => {
                self.out.extend([0x8a, 8]);
                self.out.extend(value.to_le_bytes());
            }
        }
    }

    fn float(&mut self, value: f64) {
        self.out.push(b'G');
        self.out.extend(value.to_bits().to_be_bytes());
    }

    fn asized(&mut self, size: u64, name: Option<&str>, referents: usize) {
        self.instance("pympler.asizeof", "Asized");
        self.out.push(b'N');
        self.dict();
        self.shared("flat");
        self.int(56);
        self.shared("name");
        match name {
            Some(name) => self.text(name),
            None => self.out.push(b'N'),
        }
        self.shared("refs");
        if referents == 0 {
            self.out.push(b')');
        } else {
            self.out.push(b'(');
            for number in 0..referents {
                let name = format!("[V] attribute_{number}: {}", size + number as u64);
                self.asized(size / 4, Some(&name), 0);
            }
            self.out.push(b't');
            self.memoize();
        }
        self.shared("size");
        self.int(size);
        self.out.extend(b"u\x86");
        self.memoize();
        self.out.push(b'b');
    }

    fn object(&mut self, number: usize, class: &str, shape: &Shape) {
        let birth = number as f64 / 100.0;
        let repr = format!(
            "<{class} object at 0x{:x}>",
            0x7f00_0000_0000_u64 + number as u64 * 64
        );
        self.instance("pympler.classtracker", "TrackedObject");
        self.dict();
        self.shared("id");
        self.int(0x7f00_0000_0000 + number as u64 * 64);
        self.shared("repr");
        self.text(&repr);
        self.shared("name");
        self.shared(class);
        self.shared("birth");
        self.float(birth);
        self.shared("death");
        self.out.push(b'N');
        self.shared("trace");
        self.out.push(b'N');
        self.shared("snapshots");
        self.out.push(b']');
        self.memoize();
        self.out.push(b'(');
        self.float(birth);
        self.asized(56, None, 0);
        self.out.push(0x86);
        self.memoize();
        for snapshot in 0..shape.snapshots {
            self.float(1e6 + snapshot as f64);
            let size = 400 + (number * 7 + snapshot / 3) as u64 % 5000;
            self.asized(size, Some(&repr), shape.referents);
            self.out.push(0x86);
            self.memoize();
        }
        self.out.push(b'e');
        self.shared("_resolution_level");
        self.int(1);
        self.out.extend(b"ub");
    }

    fn snapshot(&mut self, number: usize) {
        self.instance("pympler.classtracker", "Snapshot");
        self.dict();
        self.shared("tracked_total");
        self.int(1000 + number as u64);
        self.shared("timestamp");
        self.float(1e6 + number as f64);
        self.shared("desc");
        self.text(&format!("step {number}"));
        self.out.extend(b"ub");
    }

    fn dump(mut self, shape: &Shape) -> Vec<u8> {
        const CLASSES: usize = 10;
        self.out.extend(b"\x80\x04}");
        self.memoize();
        self.out.push(b'(');
        for class in 0..CLASSES {
            let name = format!("app.models.Class{class}");
            self.shared(&name);
            self.out.push(b']');
            self.memoize();
            self.out.push(b'(');
            (class..shape.objects)
                .step_by(CLASSES)
                .for_each(|n| self.object(n, &name, shape));
            self.out.push(b'e');
        }
        self.out.extend(b"u.");
        let mut second = Writer::new(self.unusual);
        second.out.extend(b"\x80\x04]");
        second.memoize();
        second.out.push(b'(');
        (0..shape.snapshots).for_each(|number| second.snapshot(number));
        second.out.extend(b"e.");
        self.out.append(&mut second.out);
        self.out
    }
}
