//! Symbols of both manglings, wherever the blocks of the file cut them.
//!
//! They are put together at run time: as they stand they would be in this executable, and be found in it.

use super::*;

const HASHES: [&str; 3] = ["4e3f11b4be755d93", "90d1fbe304612463", "ec767178c534205b"];
const CRATES: [&str; 3] = ["cr22079wdoJ", "deU8gkRGS7a", "2HendJxCrqr"];
/// Between the name of the thread local and that of its static.
const INSIDE: &str = "29_$u7b$$u7b$constant$u7d$$u7d$28_$u7b$$u7b$closure$u7d$$u7d$";

fn module() -> &'static str {
    str::from_utf8(MODULE).unwrap()
}

fn legacy_global(hash: &str) -> String {
    format!("_ZN{}15GLOBAL_RECORDER17h{hash}E", module())
}

fn legacy_local(item: &str, hash: &str) -> String {
    format!("_ZN{}14LOCAL_RECORDER{INSIDE}{item}17h{hash}E", module())
}

fn v0_global(id: &str) -> String {
    format!("_RNvNtCs{id}_{}15GLOBAL_RECORDER", module())
}

fn v0_local(id: &str) -> String {
    format!("_RNvNCNKNvNtCs{id}_{}14LOCAL_RECORDER0s_023___RUST_STD_INTERNAL_VAL", module())
}

/// A table of symbols: these, among others, each ended by a zero.
fn table(symbols: &[String]) -> Vec<u8> {
    let mut bytes = b"\0main\0".to_vec();
    for symbol in symbols {
        bytes.extend_from_slice(symbol.as_bytes());
        bytes.extend_from_slice(b"\0_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE\0");
    }
    bytes
}

/// Gives its bytes in pieces of one size, and an interruption between them.
struct Pieces<'a> {
    bytes: &'a [u8],
    size: usize,
    interrupted: bool,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(ErrorKind::Interrupted.into());
        }
        let size = self.size.min(buffer.len()).min(self.bytes.len());
        self.bytes.read(&mut buffer[..size])
    }
}

fn assert_count(symbols: &[String], expected: usize) {
    let bytes = table(symbols);
    assert_eq!(count(&bytes[..]).unwrap(), expected, "{symbols:?}");
    for size in [1, 7, 33, 100] {
        let pieces = Pieces { bytes: &bytes, size, interrupted: false };
        assert_eq!(count(pieces).unwrap(), expected, "{size} {symbols:?}");
    }
}

#[test]
fn versions_are_told_apart_by_their_hashes() {
    for versions in 0..=3 {
        assert_count(&HASHES.map(legacy_global)[..versions], versions);
        assert_count(&HASHES.map(|hash| legacy_local("23__RUST_STD_INTERNAL_VAL", hash))[..versions], versions);
        assert_count(&HASHES.map(|hash| legacy_local("3VAL", hash))[..versions], versions);
        assert_count(&CRATES.map(v0_global)[..versions], versions);
        assert_count(&CRATES.map(v0_local)[..versions], versions);
    }
}

#[test]
fn a_version_counts_once() {
    // A table of symbols and the debug information name the same.
    assert_count(&[legacy_global(HASHES[0]), legacy_global(HASHES[0])], 1);
    assert_count(&[legacy_global(HASHES[0]), legacy_local("3VAL", HASHES[1])], 1);
    assert_count(&[v0_global(CRATES[0]), v0_local(CRATES[0])], 1);
    // Split by an optimizer, and as Mach-O names what a thread local begins with.
    assert_count(&[legacy_global(HASHES[0]) + ".0", legacy_global(HASHES[0]) + ".1"], 1);
    assert_count(&[legacy_local("3VAL", HASHES[0]) + "$tlv$init", format!("_{}", legacy_local("3VAL", HASHES[0]))], 1);
}

#[test]
fn a_global_recorder_that_was_optimized_away_is_made_up_for() {
    let locals = HASHES.map(|hash| legacy_local("23__RUST_STD_INTERNAL_VAL", hash));
    assert_count(&[&locals[..], &[legacy_global("0000000000000001")]].concat(), 3);
    assert_count(&[&CRATES.map(v0_local)[..], &[v0_global(CRATES[0])]].concat(), 3);
    // One crate built in each mangling.
    assert_count(&[legacy_global(HASHES[0]), v0_global(CRATES[0])], 2);
}

#[test]
fn other_symbols_are_not_taken_for_versions() {
    let module = module();
    for other in [
        // As in the constants of this module.
        format!("{module}15GLOBAL_RECORDER"),
        format!("_ZN{module}15GLOBAL_RECORDER17h"),
        format!("_ZN{module}15GLOBAL_RECORDER17h0123456789abcdeE"),
        format!("_ZN{module}15GLOBAL_RECORDER17h0123456789abcdeXE"),
        format!("_ZN{module}15GLOBAL_RECORDER17x0123456789abcdefE"),
        format!("_ZN{module}15GLOBAL_RECORDER99999999999999999999h0123456789abcdefE"),
        // Something inside an item of the same name.
        format!("_ZN{module}15GLOBAL_RECORDER3VAL17h0123456789abcdefE"),
        // A function beside the static, of which each user may have one.
        legacy_local("", HASHES[0]),
        legacy_local("4lazy", HASHES[0]),
        // The module of another crate, and other items of this one.
        format!("_ZN3own{module}15GLOBAL_RECORDER17h0123456789abcdefE"),
        format!("_ZN{module}8Recorder17h0123456789abcdefE"),
        format!("_RNvNtCs_{module}15GLOBAL_RECORDER"),
        format!("_RNvNtCs-_{module}15GLOBAL_RECORDER"),
        format!("_RNvNtCsaaaaaaaaaaaa_{module}15GLOBAL_RECORDER"),
        format!("_RNvNtNtCscr22079wdoJ_3own{module}15GLOBAL_RECORDER"),
        format!("_RNvNtCscr22079wdoJ_{module}13with_recorder"),
    ] {
        assert_count(&[other], 0);
    }
    assert_eq!(count(io::empty()).unwrap(), 0);
}

#[test]
fn symbols_on_the_edge_of_a_block_are_found() {
    let symbols = [legacy_global(HASHES[0]), legacy_local("23__RUST_STD_INTERNAL_VAL", HASHES[1]), v0_local(CRATES[0])];
    // The first read fills the whole window, the next ones what is not kept of it.
    for edge in [OVERLAP + BLOCK_BYTES, OVERLAP + 2 * BLOCK_BYTES] {
        for symbol in &symbols {
            for cut in 0..=symbol.len() {
                let mut bytes = vec![0; edge - cut];
                bytes.extend_from_slice(symbol.as_bytes());
                bytes.resize(edge + BLOCK_BYTES, 0);
                assert_eq!(count(&bytes[..]).unwrap(), 1, "{cut} bytes of {symbol} before {edge}");
            }
        }
    }
}

/// An ELF file of three sections: some debug information, a table of symbols (if it is not stripped) and its names.
fn elf(debug: &[u8], names: &[u8], stripped: bool) -> Vec<u8> {
    let mut file = vec![0; ELF_HEADER_BYTES];
    file[..6].copy_from_slice(b"\x7fELF\x02\x01");
    let section = |kind: u32, offset: usize, size: usize, link: u32| {
        let mut section = [0; SECTION_BYTES];
        section[4..8].copy_from_slice(&kind.to_le_bytes());
        section[24..32].copy_from_slice(&(offset as u64).to_le_bytes());
        section[32..40].copy_from_slice(&(size as u64).to_le_bytes());
        section[40..44].copy_from_slice(&link.to_le_bytes());
        section
    };
    let sections = [
        section(1, file.len(), debug.len(), 0),
        section(if stripped { 3 } else { 2 }, 0, 0, 2),
        section(3, file.len() + debug.len(), names.len(), 0),
    ];
    file.extend_from_slice(debug);
    file.extend_from_slice(names);
    let offset = file.len() as u64;
    file[40..48].copy_from_slice(&offset.to_le_bytes());
    file[58..60].copy_from_slice(&64_u16.to_le_bytes());
    file[60..62].copy_from_slice(&3_u16.to_le_bytes());
    file.extend_from_slice(&sections.concat());
    file
}

#[test]
fn only_the_symbols_of_an_elf_file_count() {
    let count = |file: &[u8]| symbol_names(io::Cursor::new(file)).and_then(count);
    let linked = table(&[legacy_local("3VAL", HASHES[0])]);
    let debug = table(&HASHES.map(|hash| legacy_local("3VAL", hash)));
    assert_eq!(count(&elf(&debug, &linked, false)).unwrap(), 1);
    assert_eq!(count(&elf(&linked, &debug, false)).unwrap(), 3);
    assert_eq!(count(&elf(&debug, &linked, true)).unwrap(), 0);
    // Cut off, of another width, without sections.
    let whole = elf(&debug, &linked, false);
    assert_eq!(count(&whole[..whole.len() - 1]).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    let patched = |at: usize, byte: u8| {
        let mut file = whole.clone();
        file[at] = byte;
        file
    };
    assert_eq!(count(&patched(4, 1)).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(count(&patched(60, 0)).unwrap(), 0);
    // Any other kind of file is searched from its first byte to its last.
    assert_eq!(count(&patched(0, 0)).unwrap(), 3);
    assert_eq!(count(legacy_global(HASHES[0]).as_bytes()).unwrap(), 1);
    assert_eq!(count(b"").unwrap(), 0);
}

/// Fails instead of giving bytes.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(ErrorKind::PermissionDenied.into())
    }
}

#[test]
fn the_search_ends_at_a_bound() {
    let many: Vec<String> = (0..100).map(|number| v0_global(&format!("a{number}"))).collect();
    assert_eq!(count(table(&many).as_slice().chain(Broken)).unwrap(), VERSIONS);
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    assert_eq!(count(table(&[]).as_slice().chain(Broken)).unwrap_err().kind(), ErrorKind::PermissionDenied);
}

#[test]
fn both_versions_in_this_executable_are_found() {
    metrics::counter!("events_total").increment(1);
    metrics_0_22::counter!("events_total").increment(1);
    assert_eq!(linked(), Some(2));
}
