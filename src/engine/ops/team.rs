//! Threads for many small pieces of work one after the other.
//!
//! A token of a model is some two hundred products, each done in some tens of microseconds: less
//! than it takes to wake a sleeping thread. The threads of a team wait awake for the next piece
//! of work for a while, and sleep when none comes.
//!
//! Whoever gives work does it too, and waits only for threads that have begun: where the machine
//! has no processor to spare for a thread, its share is done by the others.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::gemm::Shared;
use crate::engine::{Error, Result};

/// How long a thread stays awake without work.
const AWAKE: Duration = Duration::from_micros(300);
/// Looks for work between two looks at the clock.
const LOOKS: usize = 64;

/// Work is open, and may be joined.
const OPEN: u64 = 1 << 63;
/// A piece of work's number begins at this bit; below are the threads that work on it.
const NUMBER: u32 = 16;
/// The threads that work.
const JOINED: u64 = (1 << NUMBER) - 1;

/// Some work: a function of the number of a task.
type Work = dyn Fn(usize) + Sync;

/// What the threads share.
struct Desk {
    /// [`OPEN`], the number of the work, and how many have joined.
    state: AtomicU64,
    /// The work itself; valid while its number is open or somebody has joined.
    work: Mutex<Option<Given>>,
    /// The next task that nobody has begun.
    next: AtomicUsize,
    /// Tasks in all.
    n_tasks: AtomicUsize,
    /// A task has panicked.
    broken: AtomicBool,
    /// Threads that sleep, to be woken.
    asleep: Mutex<usize>,
    wake: Condvar,
    ended: AtomicBool,
}

/// A borrowed function whose lifetime [`Team::run`] vouches for.
#[derive(Clone, Copy)]
struct Given(*const Work);

// SAFETY: the function is `Sync`, and is borrowed until every thread has left it
unsafe impl Send for Given {}

/// Some threads and the one that asks them.
pub(in crate::engine) struct Team {
    desk: Arc<Desk>,
    threads: Vec<JoinHandle<()>>,
}

impl Team {
    /// A team of so many threads, the caller counted.
    ///
    /// # Errors
    /// When the system starts no more threads.
    pub(in crate::engine) fn new(n_threads: usize) -> Result<Self> {
        let desk = Arc::new(Desk {
            state: AtomicU64::new(0),
            work: Mutex::new(None),
            next: AtomicUsize::new(0),
            n_tasks: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
            asleep: Mutex::new(0),
            wake: Condvar::new(),
            ended: AtomicBool::new(false),
        });
        let mut team = Team {
            desk,
            threads: Vec::new(),
        };
        for i in 1..n_threads {
            let desk = Arc::clone(&team.desk);
            let builder = std::thread::Builder::new().name(format!("eu-team-{i}"));
            let thread = builder
                .spawn(move || desk.wait())
                .map_err(|e| Error::Failed(format!("cannot start threads: {e}")))?;
            team.threads.push(thread);
        }
        Ok(team)
    }

    /// Does `work` for each number below `n_tasks`, in no order, on all threads.
    ///
    /// # Panics
    /// When a task did. Tasks must not give work to the team they are of.
    pub(in crate::engine) fn run(&mut self, n_tasks: usize, work: &(dyn Fn(usize) + Sync)) {
        if self.threads.is_empty() || n_tasks < 2 {
            (0..n_tasks).for_each(work);
            return;
        }
        let desk = &*self.desk;
        // SAFETY: nobody holds the work behind the end of this function: `close` waits for all
        // that have joined, and afterwards nobody can
        let given = Given(unsafe {
            std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), *const Work>(work)
        });
        *locked(&desk.work) = Some(given);
        desk.next.store(0, Ordering::Relaxed);
        desk.n_tasks.store(n_tasks, Ordering::Relaxed);
        desk.open();
        let closing = Closing(desk); // also when a task of this thread panics
        desk.take_tasks(work);
        drop(closing);
        assert!(
            !desk.broken.swap(false, Ordering::Relaxed),
            "a task of a team panicked"
        );
    }
}

/// Calls `work` with each part of so many numbers, and where it begins; on all threads where there
/// are several.
pub(in crate::engine) fn each_chunk(
    team: &mut Team,
    numbers: &mut [f32],
    chunk: usize,
    work: &(dyn Fn(usize, &mut [f32]) + Sync),
) {
    let (n, chunk) = (numbers.len(), chunk.max(1));
    let shared = Shared::new(numbers);
    team.run(n.div_ceil(chunk), &|task| {
        let from = task * chunk;
        // SAFETY: each part is one task's
        work(from, unsafe { shared.slice(from, chunk.min(n - from)) });
    });
}

/// Closes the work of a desk when it is dropped.
struct Closing<'a>(&'a Desk);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.desk.ended.store(true, Ordering::Release);
        {
            let _asleep = locked(&self.desk.asleep);
            self.desk.wake.notify_all();
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join(); // a task's panic was told by `run`
        }
    }
}

impl Desk {
    fn open(&self) {
        let number = (self.state.load(Ordering::Relaxed) & !OPEN) >> NUMBER;
        let number = (number + 1) % (OPEN >> NUMBER);
        self.state.store(OPEN | number << NUMBER, Ordering::SeqCst);
        let asleep = locked(&self.asleep);
        if *asleep > 0 {
            self.wake.notify_all();
        }
    }

    /// Lets nobody join any more, and waits for those that have.
    fn close(&self) {
        self.state.fetch_and(!OPEN, Ordering::AcqRel);
        let mut looks = 0usize;
        while self.state.load(Ordering::Acquire) & JOINED > 0 {
            looks += 1;
            if looks.is_multiple_of(1 << 12) {
                std::thread::yield_now(); // the one waited for may need this processor
            }
            std::hint::spin_loop();
        }
    }

    fn take_tasks(&self, work: &(dyn Fn(usize) + Sync)) {
        let n_tasks = self.n_tasks.load(Ordering::Relaxed);
        loop {
            let task = self.next.fetch_add(1, Ordering::Relaxed);
            if task >= n_tasks {
                break;
            }
            work(task);
        }
    }

    /// The life of a thread.
    fn wait(&self) {
        let mut done = 0;
        while let Some(number) = self.next_number(done) {
            done = number;
            let state = OPEN | number << NUMBER;
            // joins, unless the work was closed before
            let mut seen = self.state.load(Ordering::Acquire);
            let joined = loop {
                if seen & !JOINED != state {
                    break false;
                }
                let more = self.state.compare_exchange_weak(
                    seen,
                    seen + 1,
                    Ordering::AcqRel,
                    Ordering::Acquire,
                );
                match more {
                    Ok(_) => break true,
                    Err(now) => seen = now,
                }
            };
            if !joined {
                continue;
            }
            let given = *locked(&self.work);
            if let Some(Given(work)) = given {
                // SAFETY: joined, so that `close` waits until this thread has left
                let work = unsafe { &*work };
                let tasks = std::panic::AssertUnwindSafe(|| self.take_tasks(work));
                if std::panic::catch_unwind(tasks).is_err() {
                    self.broken.store(true, Ordering::Relaxed);
                }
            }
            self.state.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// The number of the next work that is open, other than `done`; none at the end.
    fn next_number(&self, done: u64) -> Option<u64> {
        let open = || {
            let state = self.state.load(Ordering::SeqCst);
            let number = (state & !OPEN) >> NUMBER;
            (state & OPEN > 0 && number != done).then_some(number)
        };
        let began = Instant::now();
        while began.elapsed() < AWAKE {
            for _ in 0..LOOKS {
                if let Some(number) = open() {
                    return Some(number);
                }
                std::hint::spin_loop();
            }
            if self.ended.load(Ordering::Acquire) {
                return None;
            }
        }
        let mut asleep = locked(&self.asleep);
        *asleep += 1;
        let found = loop {
            if self.ended.load(Ordering::Acquire) {
                break None;
            }
            if let Some(number) = open() {
                break Some(number);
            }
            asleep = self
                .wake
                .wait(asleep)
                .unwrap_or_else(PoisonError::into_inner);
        };
        *asleep -= 1;
        found
    }
}

fn locked<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once_whatever_the_threads() {
        for n_threads in [1, 2, 3, 9] {
            let mut team = Team::new(n_threads).unwrap();
            for n in [0, 1, 2, 7, 1000] {
                let counts: Vec<AtomicUsize> = (0..n).map(|_| AtomicUsize::new(0)).collect();
                team.run(n, &|task| {
                    counts[task].fetch_add(1, Ordering::Relaxed);
                });
                assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 1));
            }
        }
    }

    #[test]
    fn work_that_comes_fast_or_late_is_never_lost() {
        let mut team = Team::new(3).unwrap();
        let sum = AtomicUsize::new(0);
        for i in 0..20_000 {
            team.run(5, &|task| {
                sum.fetch_add(task, Ordering::Relaxed);
            });
            if i % 5000 == 0 {
                std::thread::sleep(4 * AWAKE); // all fall asleep
            }
        }
        assert_eq!(sum.load(Ordering::Relaxed), 20_000 * 10);
    }

    #[test]
    fn a_task_that_panics_is_told_and_the_team_goes_on() {
        let mut team = Team::new(2).unwrap();
        let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            team.run(64, &|task| assert!(task != 33));
        }));
        assert!(failed.is_err());
        let n = AtomicUsize::new(0);
        team.run(64, &|_| {
            n.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(n.load(Ordering::Relaxed), 64);
    }
}
