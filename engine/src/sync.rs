//! The one door to atomics, locks, thread-locals and shared pointers.
//!
//! Nothing else in the engine names `std::sync`, `parking_lot`, `arc-swap` or `loom`. Under
//! `--cfg engine_loom` the same items come from loom, so that the models in `loom-tests/` run the
//! protocols of [`crate::cells`] and [`crate::registry`] themselves, not copies of them.

#[cfg(not(engine_loom))]
pub(crate) use native::*;
#[cfg(engine_loom)]
pub(crate) use under_loom::*;

/// A count that is not part of any modelled protocol, for statics: loom's begin anew with every run.
pub(crate) use std::sync::atomic::AtomicU64 as PlainAtomicU64;
pub(crate) use std::sync::atomic::Ordering;
/// Shared ownership whose count is not part of any modelled protocol, and what is made once.
pub(crate) use std::sync::{Arc as PlainArc, LazyLock, OnceLock, Weak as PlainWeak};

#[cfg(not(engine_loom))]
mod native {
    pub(crate) use arc_swap::ArcSwap;
    pub(crate) use parking_lot::{Mutex, MutexGuard};
    pub(crate) use std::sync::Arc;
    pub(crate) use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, compiler_fence, fence,
    };

    /// Keeps reclamation away while held; see [`Reclaim`].
    pub(crate) type ReclaimShared = parking_lot::RecursiveRwLockReadGuard<'static, ()>;

    /// The process-wide lock between readers of several slabs and whoever frees one.
    ///
    /// There is no blocking `write`: nobody queues for it, so a reader never waits behind a
    /// waiting writer and may take it again while it holds it.
    #[derive(Debug)]
    pub(crate) struct Reclaim(parking_lot::RecursiveRwLock<()>);

    impl Reclaim {
        pub(crate) const fn new() -> Self {
            Self(parking_lot::RecursiveRwLock::new(()))
        }

        pub(crate) fn read(&'static self) -> ReclaimShared {
            self.0.read()
        }

        pub(crate) fn try_write(&'static self) -> Option<parking_lot::RecursiveRwLockWriteGuard<'static, ()>> {
            self.0.try_write()
        }
    }

    /// Reads an atomic that only the calling thread writes.
    #[inline(always)]
    pub(crate) fn owner_load(cell: &AtomicU64) -> u64 {
        // Relaxed (O1): the only writer is this thread, so it reads its own last store.
        cell.load(super::Ordering::Relaxed)
    }
}

#[cfg(engine_loom)]
mod under_loom {
    pub(crate) use loom::sync::Arc;
    pub(crate) use loom::sync::MutexGuard;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence};

    /// loom has no compiler fence; under loom the pin uses real fences (see `cells::fence`).
    pub(crate) fn compiler_fence(_: super::Ordering) {}

    /// loom's mutex with the signature of parking_lot's: a model never poisons it.
    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("a thread of the model panicked while it held the lock")
        }

        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok()
        }
    }

    /// A stand-in for `ArcSwap`, which cannot run under loom: the same publication through a mutex.
    #[derive(Debug)]
    pub(crate) struct ArcSwapTwin<T>(Mutex<std::sync::Arc<T>>);

    impl<T> ArcSwapTwin<T> {
        pub(crate) fn from_pointee(value: T) -> Self {
            Self(Mutex::new(std::sync::Arc::new(value)))
        }

        pub(crate) fn load_full(&self) -> std::sync::Arc<T> {
            self.0.lock().clone()
        }

        pub(crate) fn load(&self) -> std::sync::Arc<T> {
            self.load_full()
        }

        pub(crate) fn store(&self, value: std::sync::Arc<T>) {
            *self.0.lock() = value;
        }
    }

    pub(crate) type ReclaimShared = loom::sync::RwLockReadGuard<'static, ()>;

    #[derive(Debug)]
    pub(crate) struct Reclaim(loom::sync::RwLock<()>);

    impl Reclaim {
        pub(crate) fn new() -> Self {
            Self(loom::sync::RwLock::new(()))
        }

        pub(crate) fn read(&'static self) -> ReclaimShared {
            self.0.read().expect("a thread of the model panicked while it held the lock")
        }

        pub(crate) fn try_write(&'static self) -> Option<loom::sync::RwLockWriteGuard<'static, ()>> {
            self.0.try_write().ok()
        }
    }

    /// Reads an atomic that only the calling thread writes.
    ///
    /// loom 0.7 does not explore a load followed by a store of one thread on one atomic; an
    /// unsynchronised read restores that, and reports a second writer at once (I1).
    #[allow(unsafe_code, reason = "loom's own check of single-writer access")]
    pub(crate) fn owner_load(cell: &AtomicU64) -> u64 {
        // SAFETY: loom checks the claim itself and panics where another thread writes the cell.
        unsafe { cell.unsync_load() }
    }
}

/// Plain memory that a publication must cover. Nothing in the real engine; under loom a tracked cell,
/// so that a model notices a publication with too weak an ordering.
#[derive(Debug)]
pub(crate) struct Witness {
    #[cfg(engine_loom)]
    written: loom::cell::Cell<bool>,
}

impl Witness {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(engine_loom)]
            written: loom::cell::Cell::new(true),
        }
    }

    /// Reads the memory: under loom, panics unless the write happened before.
    #[inline(always)]
    pub(crate) fn check(&self) {
        #[cfg(engine_loom)]
        assert!(self.written.get(), "read after it was freed");
    }

    /// Marks the memory as freed, for [`check`](Self::check) to find.
    #[cfg(engine_loom)]
    pub(crate) fn free(&self) {
        self.written.set(false);
    }
}

/// Rules that a model of `loom-tests/` may break, to prove that it would notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(
    not(engine_loom),
    allow(unreachable_pub, dead_code, reason = "models choose faults; elsewhere they only name rules")
)]
pub enum Fault {
    /// A chunk is published with Relaxed instead of Release (O2).
    ChunkPublishedRelaxed,
    /// A histogram's bucket is stored with Relaxed instead of Release (O3).
    BucketStoredRelaxed,
    /// `UpDownCounter` cells are read increments first (O4).
    IncrementsReadFirst,
    /// A slab is handed over before the thread is marked as an orphan (O6).
    HandOverBeforeOrphan,
    /// An orphan updates the shared slab with a load and a store instead of a read-modify-write (O5).
    OrphanWithoutRmw,
    /// Folding does not exclude the readers of several slabs (O7).
    FoldWithoutLock,
    /// A pass over the slabs does not take the reclaim lock, which orders it after the pass before it (O8).
    PassWithoutLock,
    /// A pass that comes out below the floor of a histogram's sum, or with a negative depth, does not look for
    /// slabs that are newer than its list (O4, O16).
    PassNotRelisted,
    /// A pin is taken without its fence (O9).
    PinWithoutFence,
    /// The reclaimer frees without looking at the pins (O9).
    ReclaimIgnoresPins,
    /// The reclaimer does not look at the pins of orphan threads (O10).
    ReclaimIgnoresOrphans,
    /// A series is killed by a check and a store instead of one compare-and-swap (O11).
    KillByCheckThenSet,
    /// A cell range is reused without zeroing its cells (O12).
    ReuseWithoutZeroing,
    /// A table slot is published with Relaxed instead of Release (O13).
    SlotPublishedRelaxed,
    /// A removal leaves its row in the tables of enumerated label sets (O22).
    DenseNotEmptied,
    /// The old table is freed at once when a new one takes its place (O13).
    TableFreedAtOnce,
    /// The registry's budget is taken by a load and a store instead of a read-modify-write (O20).
    BudgetWithoutRmw,
    /// A removed series gives up its storage at once, without a grace period (O19).
    ReleasedAtOnce,
    /// The length of a page of rows is published with Relaxed instead of Release (O14).
    RecordPublishedRelaxed,
    /// A row can be walked to before it can be looked up (O14).
    RecordPublishedFirst,
    /// A new thread is given the slab of a thread that has not ended (O1).
    AdoptedWhileOwned,
    /// A pass leaves out the slabs that no thread holds (O6).
    IdleSlabsSkipped,
    /// A user is admitted to a dead series (O11).
    DeadAdmitted,
    /// A removal can be read before it is marked and listed (O19).
    RemovalNumberedFirst,
    /// The final value of a removed series is shown though its labels have a live series again (O19).
    RebornShownTwice,
    /// The limits are checked before the mutex is taken under which the series is made (O20).
    LimitCheckedEarly,
    /// A refusal is noted with the generation read after the limits were checked, not with the one read before (O20).
    RefusalNotedLate,
    /// A family that has joined those that wait for the registry's budget does not try to take from it once more (O20).
    RoomNotLookedForAgain,
    /// The generation is bumped before the series is dead and its place free (O20, O21).
    ChangeToldFirst,
    /// What was counted elsewhere is added without the lock under which the total was read (O24).
    RaiseWithoutLock,
    /// A visitor does not check whether the owner is inside (O23).
    VisitorIgnoresOwner,
    /// The owner does not check whether a visitor is inside (O23).
    OwnerIgnoresVisitor,
    /// The generation is bumped with Relaxed instead of Release (O21).
    ChangeToldRelaxed,
    /// The heavy fence fails, as where the system forbids it, and lookups use no fence of their own. Breaks no rule:
    /// models hold with it (O9).
    HeavyFenceFails,
    /// As [`HeavyFenceFails`](Self::HeavyFenceFails), and what had no fence is freed nonetheless (O9).
    UnfencedFreed,
    /// The owner of a value takes it out while a visitor is inside (O23).
    OwnerTakesVisited,
    /// Warming a thread adds 0 to cells, whatever is in them (O12).
    WarmAddsNothing,
    /// The sums of a chunk are used after ranges of it were swept (O25).
    TotalsKept,
    /// A walk holds the list of removed series while it shows them (O19).
    ShownUnderLock,
    /// Idle series are known by the address of their row (O19).
    IdleByAddress,
    /// The clone of a handle does not count as a user (O11).
    CloneUncounted,
    /// What a walk shows of a family is not read under the mutex of removals (O19).
    SnapshotUnordered,
    /// A handle cache notes the generation after it has looked at its entries (O21).
    SweepNotedLate,
}

/// Returns whether a model asked for `fault`; always false outside loom, and compiled away.
#[cfg(not(engine_loom))]
#[inline(always)]
pub(crate) const fn broken(_: Fault) -> bool {
    false
}

#[cfg(engine_loom)]
mod injection {
    use super::Fault;
    use std::cell::Cell;

    // loom runs all threads of a model on the thread of the test, so a plain thread-local is the
    // test's own.
    std::thread_local! {
        static ACTIVE: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    pub(crate) fn broken(fault: Fault) -> bool {
        ACTIVE.get() == Some(fault)
    }

    /// Breaks one rule in all models that this test thread runs from now on.
    pub fn inject(fault: Fault) {
        ACTIVE.set(Some(fault));
    }
}

#[cfg(engine_loom)]
pub(crate) use injection::broken;
#[cfg(engine_loom)]
pub use injection::inject;

/// Returns whether a model is unwinding, in which case destructors leave the atomics alone: loom would report
/// a second violation and abort. Always false outside loom.
#[inline(always)]
pub(crate) fn model_failed() -> bool {
    cfg!(engine_loom) && std::thread::panicking()
}

/// Returns `order`, or Relaxed where a model breaks the rule that needs it.
#[inline(always)]
pub(crate) fn unless_broken(fault: Fault, order: Ordering) -> Ordering {
    if broken(fault) { Ordering::Relaxed } else { order }
}
