//! How many versions of the crate `metrics` are linked into this program.
//!
//! Each has a recorder of its own. A program that records through two of them and installs a recorder in one loses what
//! it records through the other, without an error anywhere; nothing but the symbols of the executable shows it.
//!
//! A version that records has two statics, and their symbols carry a hash of the crate:
//!
//! ```text
//! _ZN7metrics8recorder15GLOBAL_RECORDER17h<16 hex digits>E                                   legacy mangling
//! _ZN7metrics8recorder14LOCAL_RECORDER<more of the path>23__RUST_STD_INTERNAL_VAL17h<16 hex digits>E
//! _RNvNtCs<base 62>_7metrics8recorder15GLOBAL_RECORDER                                       v0 mangling
//! _RNvNCNKNvNtCs<base 62>_7metrics8recorder14LOCAL_RECORDER0s_023___RUST_STD_INTERNAL_VAL
//! ```
//!
//! Both are looked for. Fat LTO drops the global recorder that nobody sets, which is the very one that matters, and
//! leaves the thread's own one; but the name of that is the standard library's, and may change. In the legacy mangling
//! the hash is that of the item, so that the two of one crate cannot be matched; the larger count is taken. It is short
//! where one version only sets a recorder and another only records. A recorder that also calls `with_recorder` has the
//! thread's own static, and is counted with the others.
//!
//! Of an ELF file only the names of the symbol table are searched: a thread local has two statics in its source, of
//! which one is ever linked, but debug information has both, by names that differ in nothing but the hash.
//!
//! Seen are the versions in the executable itself: neither those in shared libraries, nor those that record nowhere,
//! which the linker leaves out.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Take};
use std::ops::Range;
use std::path::PathBuf;

use memchr::memmem;

use crate::say::say;

/// What the symbols of both manglings have in common.
const MODULE: &[u8] = b"7metrics8recorder";
const GLOBAL: &[u8] = b"15GLOBAL_RECORDER";
const LOCAL: &[u8] = b"14LOCAL_RECORDER";

/// How far a symbol is looked at before its module: `Cs`, eleven digits of base 62, `_`.
const BEFORE: usize = 14;
/// And after it. The longest in use has 126 bytes.
const AFTER: usize = 256;
/// What is kept of one block for the next, so that a symbol on their edge is seen whole.
const OVERLAP: usize = BEFORE + MODULE.len() + AFTER;

const BLOCK_BYTES: usize = 64 * 1024;

const ELF_HEADER_BYTES: usize = 64;
/// What describes a section.
const SECTION_BYTES: usize = 64;

/// Larger executables are not read: the answer is not worth the seconds.
const EXECUTABLE_BYTES: u64 = 1 << 30;

/// No program links so many. Something is wrong with the search, and reading on makes it no better.
const VERSIONS: usize = 16;

/// Counts the versions of the crate `metrics` that this program records through.
///
/// `None` where it cannot be told: the executable is stripped of its symbols, cannot be read or has more than 1 GiB, or
/// this code runs in a shared library of another one. Reads a good part of the file, so ask once, and not on a thread that
/// must not wait.
pub(super) fn linked() -> Option<usize> {
    let found = executable().and_then(|path| {
        let file = File::open(path)?;
        if file.metadata()?.len() > EXECUTABLE_BYTES {
            return Err(io::Error::new(ErrorKind::FileTooLarge, "the executable has more than 1 GiB"));
        }
        count(symbol_names(file)?)
    });
    match found {
        // The caller has a version of its own, so a file without any has no symbols at all.
        Ok(0) => None,
        Ok(versions) => Some(versions),
        Err(error) => {
            say!(debug, %error, "cannot look for the linked versions of the crate metrics");
            None
        }
    }
}

/// Where the running executable is. The link of Linux leads to it even when the file was replaced or removed since.
fn executable() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}

/// Narrows an executable to where the names of its symbols are: in ELF a section, which may be missing. In Mach-O
/// nothing else can look like them.
fn symbol_names<F: Read + Seek>(mut file: F) -> io::Result<Take<F>> {
    let mut header = [0; ELF_HEADER_BYTES];
    let is_elf = match file.read_exact(&mut header) {
        Ok(()) => header.starts_with(b"\x7fELF"),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => false,
        Err(error) => return Err(error),
    };
    let (offset, size) = if is_elf { names_of_elf(&mut file, &header)? } else { (0, EXECUTABLE_BYTES) };
    file.seek(SeekFrom::Start(offset))?;
    Ok(file.take(size))
}

/// Finds the names of the symbol table: offset and size, nothing if there is no such table.
fn names_of_elf(file: &mut (impl Read + Seek), header: &[u8; ELF_HEADER_BYTES]) -> io::Result<(u64, u64)> {
    const IS_64_BIT_LITTLE_ENDIAN: [u8; 2] = [2, 1];
    const SYMBOL_TABLE: u64 = 2;
    if header[4..6] != IS_64_BIT_LITTLE_ENDIAN || field(header, 58..60) != SECTION_BYTES as u64 {
        return Err(io::Error::new(ErrorKind::Unsupported, "the executable is no 64-bit little-endian ELF file"));
    }
    // Sixteen bits of count: at most 4 MiB.
    let mut sections = vec![0; field(header, 60..62) as usize * SECTION_BYTES];
    file.seek(SeekFrom::Start(field(header, 40..48)))?;
    file.read_exact(&mut sections)?;
    let sections = sections.as_chunks::<SECTION_BYTES>().0;
    let symbols = sections.iter().find(|section| field(*section, 4..8) == SYMBOL_TABLE);
    // A section of symbols says which one has their names.
    let names = symbols.and_then(|symbols| sections.get(field(symbols, 40..44) as usize));
    Ok(names.map_or((0, 0), |names| (field(names, 24..32), field(names, 32..40))))
}

/// Reads a number of at most eight bytes.
fn field(bytes: &[u8], at: Range<usize>) -> u64 {
    bytes[at].iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// Counts the versions in the symbols of an executable.
fn count(mut names: impl Read) -> io::Result<usize> {
    let mut found = Found::default();
    let finder = memmem::Finder::new(MODULE);
    let mut window = vec![0; OVERLAP + BLOCK_BYTES];
    let mut kept = 0;
    while found.versions() < VERSIONS {
        let read = match names.read(&mut window[kept..]) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let filled = kept + read;
        for at in finder.find_iter(&window[..filled]) {
            found.symbols.extend(Symbol::parse(&window[..at], &window[at + MODULE.len()..filled]));
        }
        // What is kept is searched again. A set does not mind.
        kept = filled.min(OVERLAP);
        window.copy_within(filled - kept..filled, 0);
    }
    Ok(found.versions().min(VERSIONS))
}

#[derive(Default)]
struct Found {
    symbols: BTreeSet<Symbol>,
}

impl Found {
    fn versions(&self) -> usize {
        let [mut globals, mut locals, mut crates] = [0; 3];
        for symbol in &self.symbols {
            match symbol {
                Symbol::Global(_) => globals += 1,
                Symbol::Local(_) => locals += 1,
                Symbol::OfCrate(_) => crates += 1,
            }
        }
        globals.max(locals) + crates
    }
}

/// What tells the symbols of one version from those of another.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Symbol {
    /// The legacy hash of the global recorder.
    Global(u64),
    /// The legacy hash of a thread's own recorder.
    Local(u64),
    /// The v0 disambiguator of the crate, the same for both.
    OfCrate(u128),
}

impl Symbol {
    /// Reads the symbol around a [`MODULE`].
    fn parse(before: &[u8], after: &[u8]) -> Option<Symbol> {
        let global = after.strip_prefix(GLOBAL);
        let path = global.or_else(|| after.strip_prefix(LOCAL))?;
        if !before.ends_with(b"_ZN") {
            return disambiguator(before).map(Symbol::OfCrate);
        }
        let (item, hash) = legacy_item(path)?;
        match global {
            Some(_) if item.is_empty() => Some(Symbol::Global(hash)),
            // Of the items inside a thread local only the static is one a crate: functions may be one a user.
            None if item.ends_with(b"VAL") => Some(Symbol::Local(hash)),
            _ => None,
        }
    }
}

/// Reads the rest of a path in the legacy mangling. Returns its last name, empty if there is none, and its hash.
fn legacy_item(mut path: &[u8]) -> Option<(&[u8], u64)> {
    let mut item: &[u8] = b"";
    loop {
        let digits = path.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (length, rest) = path.split_at(digits);
        let (name, rest) = rest.split_at_checked(str::from_utf8(length).ok()?.parse().ok()?)?;
        if rest.starts_with(b"E") {
            let hash = name.strip_prefix(b"h").filter(|hash| hash.len() == 16)?;
            return Some((item, number(hash, 16)?.try_into().ok()?));
        }
        (item, path) = (name, rest);
    }
}

/// Reads the `Cs<base 62>_` that ends before the name of a crate in the v0 mangling.
fn disambiguator(before: &[u8]) -> Option<u128> {
    // The last one, should the digits have another: the same every time, and wrong about no version.
    let near = &before[before.len().saturating_sub(BEFORE)..];
    let digits = near.strip_suffix(b"_")?;
    number(&digits[memmem::rfind(digits, b"Cs")? + 2..], 62)
}

/// Reads digits, lower case before upper case. Without one there is no number.
fn number(digits: &[u8], base: u128) -> Option<u128> {
    let value = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'z' => Some(byte - b'a' + 10),
        b'A'..=b'Z' => Some(byte - b'A' + 36),
        _ => None,
    };
    let add = |sum: u128, &byte: &u8| {
        let value = u128::from(value(byte)?);
        (value < base).then(|| sum * base + value)
    };
    if digits.is_empty() { None } else { digits.iter().try_fold(0, add) }
}

#[cfg(test)]
#[path = "linked_tests.rs"]
mod tests;
