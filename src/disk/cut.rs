//! What happens when a file is cut while it is mapped.
//!
//! Reading beyond the new end is no error that a call returns: the system sends SIGBUS (Linux and
//! macOS alike), which by default kills the program without a word. The handler here looks the
//! address up among the mapped files. If it is of one of them, it gives the terminal back, says
//! which file was cut, and ends the program as damaged input does; every other fault goes to the
//! handler that was there before, such as that of the standard library for stacks that overflow.
//!
//! A handler may do very little (POSIX, signal-safety(7)): this one reads atomics, and calls
//! `write`, `tcsetattr`, `sigaction`, `pause` and `_exit`.

use std::path::Path;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering};

use crate::fault::Kind;

/// Mapped files that are told apart; what is beyond is ended by the system, as without a handler.
const FILES: usize = 256;
/// Bytes of a path that are kept: the last ones.
const NAME: usize = 480;
/// Room for what is said of a file: a path of which every byte takes two, and the words.
const ROOM: usize = 2 * NAME + 256;

/// What happened, and what a reader does next.
const WHAT: &str = "was cut or changed while it was read";
const HINT: &str = "run the command again on the whole file";

/// A mapped file.
struct Slot {
    is_taken: AtomicBool,
    /// Address of its first byte; zero while the slot is empty or being filled.
    start: AtomicUsize,
    len: AtomicUsize,
    /// What is said of it to a person, and to a program.
    lines: Said,
    object: Said,
}

/// Text that is ready: a handler may not make one.
struct Said {
    bytes: [AtomicU8; ROOM],
    len: AtomicUsize,
}

impl Said {
    const fn nothing() -> Self {
        Said {
            bytes: [const { AtomicU8::new(0) }; ROOM],
            len: AtomicUsize::new(0),
        }
    }

    fn set(&self, text: &str) {
        for (to, from) in self.bytes.iter().zip(text.bytes()) {
            to.store(from, Ordering::Relaxed);
        }
        self.len.store(text.len().min(ROOM), Ordering::Relaxed);
    }

    /// Writes all, as far as it can be written.
    fn put(&self, stream: libc::c_int) {
        let len = self.len.load(Ordering::Relaxed).min(ROOM);
        put(stream, self.bytes.as_ptr().cast(), len);
    }
}

static SLOTS: [Slot; FILES] = [const {
    Slot {
        is_taken: AtomicBool::new(false),
        start: AtomicUsize::new(0),
        len: AtomicUsize::new(0),
        lines: Said::nothing(),
        object: Said::nothing(),
    }
}; FILES];

/// Whoever was asked before; none where nobody was.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();
/// Standard output wants an object of JSON.
static JSON: AtomicBool = AtomicBool::new(false);
/// The terminal, while a screen has it.
static TERMINAL: AtomicPtr<Terminal> = AtomicPtr::new(ptr::null_mut());
/// A thread is ending the program.
static ENDING: AtomicBool = AtomicBool::new(false);

/// How a terminal is given back.
struct Terminal {
    modes: libc::termios,
    sequence: &'static [u8],
}

/// From now on the end is also told as an object on standard output, or not.
pub fn tell_json(json: bool) {
    JSON.store(json, Ordering::Relaxed);
}

/// A screen takes the terminal on standard input, whose modes are kept as they are now. Should the
/// program end here, they are set again and `sequence` is written to standard output.
pub fn lend_terminal(sequence: &'static [u8]) {
    // SAFETY: zeros are modes; the system fills them in
    #[allow(unsafe_code)]
    let modes = unsafe {
        let mut modes: libc::termios = std::mem::zeroed();
        (libc::tcgetattr(libc::STDIN_FILENO, &raw mut modes) == 0).then_some(modes)
    };
    if let Some(modes) = modes {
        // never freed: the handler may be reading it
        let terminal = Box::leak(Box::new(Terminal { modes, sequence }));
        TERMINAL.store(terminal, Ordering::Release);
    }
}

/// The screen has given the terminal back.
pub fn terminal_is_back() {
    TERMINAL.store(ptr::null_mut(), Ordering::Release);
}

/// A mapped file is watched while this is there.
pub(super) struct Watched(&'static Slot);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.start.store(0, Ordering::Release);
        self.0.is_taken.store(false, Ordering::Release);
    }
}

/// Watches a mapped file; none where it is empty, or so many are watched already.
pub(super) fn watch(path: &Path, bytes: &[u8]) -> Option<Watched> {
    if bytes.is_empty() {
        return None;
    }
    listen();
    let take = |slot: &&Slot| !slot.is_taken.swap(true, Ordering::Acquire);
    let slot = SLOTS.iter().find(take)?;
    let name = printable(path);
    slot.lines.set(&lines(&name));
    slot.object.set(&object(&name));
    slot.len.store(bytes.len(), Ordering::Relaxed);
    slot.start.store(bytes.as_ptr().addr(), Ordering::Release);
    Some(Watched(slot))
}

/// A path without what a terminal would obey, cut in front where it is too long.
fn printable(path: &Path) -> String {
    let harmless = |c: char| match c {
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    let name: String = path.to_string_lossy().chars().map(harmless).collect();
    let mut from = name.len().saturating_sub(NAME);
    while !name.is_char_boundary(from) {
        from += 1;
    }
    name[from..].to_string()
}

/// Puts the handler in place, once.
fn listen() {
    BEFORE.get_or_init(|| {
        // SAFETY: zeros are a handler that does nothing; the system fills in the one that is there
        #[allow(unsafe_code)]
        let before = unsafe {
            let mut before: libc::sigaction = std::mem::zeroed();
            libc::sigaction(libc::SIGBUS, ptr::null(), &raw mut before);
            before
        };
        before
    });
    static PLACED: OnceLock<()> = OnceLock::new();
    PLACED.get_or_init(|| {
        // SAFETY: the handler calls nothing that a handler may not call
        #[allow(unsafe_code)]
        unsafe {
            let mut ours: libc::sigaction = std::mem::zeroed();
            ours.sa_sigaction = on_fault as *const () as usize;
            ours.sa_flags = libc::SA_SIGINFO;
            if !cfg!(target_os = "linux") {
                // Elsewhere a stack that overflows is this signal too. On Linux it is not, and the
                // stack for handlers, which the standard library makes, is as small as may be: where
                // processors have tiles, what the system puts there leaves next to nothing.
                ours.sa_flags |= libc::SA_ONSTACK;
            }
            libc::sigemptyset(&raw mut ours.sa_mask);
            libc::sigaction(libc::SIGBUS, &raw const ours, ptr::null_mut());
        }
    });
}

/// The file an address is of.
fn of(address: usize) -> Option<&'static Slot> {
    SLOTS.iter().find(|slot| {
        let start = slot.start.load(Ordering::Acquire);
        start != 0 && address.wrapping_sub(start) < slot.len.load(Ordering::Relaxed)
    })
}

#[allow(unsafe_code)]
extern "C" fn on_fault(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: the system gives a handler with SA_SIGINFO what it needs to know
    let address = unsafe { (*info).si_addr() }.addr();
    match of(address) {
        Some(slot) => end(slot),
        None => pass_on(signal, info, context),
    }
}

/// Says which file it was, and ends the program.
#[allow(unsafe_code)]
fn end(slot: &Slot) -> ! {
    if ENDING.swap(true, Ordering::AcqRel) {
        loop {
            // SAFETY: waits for a signal; the other thread ends this one too
            unsafe { libc::pause() };
        }
    }
    // SAFETY: a terminal that was lent is never freed; all are calls that a handler may make
    unsafe {
        let terminal = TERMINAL.load(Ordering::Acquire);
        if !terminal.is_null() {
            let sequence = (*terminal).sequence;
            put(libc::STDOUT_FILENO, sequence.as_ptr(), sequence.len());
            libc::tcsetattr(
                libc::STDIN_FILENO,
                libc::TCSANOW,
                &raw const (*terminal).modes,
            );
        }
        slot.lines.put(libc::STDERR_FILENO);
        if JSON.load(Ordering::Relaxed) {
            slot.object.put(libc::STDOUT_FILENO);
        }
        libc::_exit(Kind::Damaged.exit_code().into())
    }
}

/// What is said of the file to a person.
fn lines(name: &str) -> String {
    format!("error: {name}: {WHAT}\nhint: {HINT}\n")
}

/// What is said of it to a program: schema `error/1`.
fn object(name: &str) -> String {
    let object = serde_json::json!({
        "schema": "error/1",
        "code": Kind::Damaged.exit_code(),
        "kind": Kind::Damaged,
        "message": format!("{name}: {WHAT}"),
        "hint": HINT,
    });
    format!("{object}\n")
}

/// Gives a fault to whoever was asked before us.
#[allow(unsafe_code)]
fn pass_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let before = BEFORE.get();
    let handler = before.map_or(libc::SIG_DFL, |before| before.sa_sigaction);
    // SAFETY: it is the address of a function of this kind, by the word of its flags; with the
    // default in place, going back to what failed ends the program
    unsafe {
        if handler == libc::SIG_DFL || handler == libc::SIG_IGN {
            let mut default: libc::sigaction = std::mem::zeroed();
            default.sa_sigaction = libc::SIG_DFL;
            libc::sigaction(signal, &raw const default, ptr::null_mut());
        } else if before.is_some_and(|before| before.sa_flags & libc::SA_SIGINFO != 0) {
            type Long = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
            std::mem::transmute::<usize, Long>(handler)(signal, info, context);
        } else {
            std::mem::transmute::<usize, extern "C" fn(libc::c_int)>(handler)(signal);
        }
    }
}

/// Writes so many bytes, as far as they can be written.
#[allow(unsafe_code)]
fn put(stream: libc::c_int, bytes: *const u8, len: usize) {
    let mut done = 0;
    while done < len {
        // SAFETY: both callers have so many bytes, which live as long as the program
        let n = unsafe { libc::write(stream, bytes.add(done).cast(), len - done) };
        match usize::try_from(n) {
            Ok(n @ 1..) => done += n,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Mapped, replace_bytes};

    #[test]
    fn an_address_is_of_the_file_that_is_mapped_there() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| {
            let path = folder.path().join(name);
            replace_bytes(&path, &[7; 9000]).unwrap();
            path
        });
        let said_at = |address: usize| {
            let said = &of(address)?.lines;
            let n = said.len.load(Ordering::Relaxed);
            let bytes = said.bytes[..n].iter().map(|b| b.load(Ordering::Relaxed));
            Some(String::from_utf8(bytes.collect()).unwrap())
        };
        let about = |path: &Path| Some(lines(&printable(path)));
        let first = Mapped::open(&one).unwrap();
        let second = Mapped::open(&two).unwrap();
        let (at, other) = (first.as_ptr().addr(), second.as_ptr().addr());
        for (at, path) in [(at, &one), (at + 8999, &one), (other, &two)] {
            assert_eq!(said_at(at), about(path));
        }
        drop(first);
        assert_eq!(said_at(at), None);
        assert_eq!(said_at(other), about(&two));
        assert_eq!(said_at(8), None);
    }

    #[test]
    fn empty_files_and_more_than_can_be_watched_are_mapped_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty");
        replace_bytes(&path, b"").unwrap();
        assert!(Mapped::open(&path).unwrap().is_empty());
        replace_bytes(&path, b"x").unwrap();
        let all: Vec<Mapped> = (0..FILES + 3)
            .map(|_| Mapped::open(&path).unwrap())
            .collect();
        assert!(all.iter().all(|m| **m == *b"x"));
        drop(all);
        assert!(watch(&path, b"y").is_some());
    }

    #[test]
    fn what_is_said_is_whole_and_json_whatever_the_name() {
        for name in [
            "a \"b\\c\" ü".to_string(),
            "\"".repeat(NAME),
            "\u{fffd}".repeat(NAME / 3),
        ] {
            assert!(lines(&name).len() <= ROOM && object(&name).len() <= ROOM);
            let said: serde_json::Value = serde_json::from_str(&object(&name)).unwrap();
            assert_eq!(said["message"], format!("{name}: {WHAT}"));
            assert_eq!(
                (&said["code"], &said["kind"]),
                (&3.into(), &"damaged".into())
            );
        }
    }

    #[test]
    fn a_path_is_kept_without_what_a_terminal_obeys_and_by_its_end() {
        assert_eq!(printable(Path::new("a\x1b[2Jé")), "a\u{fffd}[2Jé");
        let long = format!("{}é/model.gguf", "ü".repeat(NAME));
        let kept = printable(Path::new(&long));
        assert!(kept.len() <= NAME && long.ends_with(&kept) && kept.ends_with("é/model.gguf"));
    }
}
