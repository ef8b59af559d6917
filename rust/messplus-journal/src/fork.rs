//! A forked child must neither write its parent's files nor inherit a lock held by another thread.
//!
//! Every critical section passes a gate that stands open except while the process forks. The child
//! finds all locks free, and every log of the parent no longer its own.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};

static GATE: RwLock<()> = RwLock::new(());
static FORKS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static CLOSED: RefCell<Option<RwLockWriteGuard<'static, ()>>> = const { RefCell::new(None) };
}

/// Pass the gate; it cannot close before the returned guard is dropped, so nobody who holds a lock
/// behind it does so while the process forks. Not to be passed twice by one thread.
pub fn gate() -> RwLockReadGuard<'static, ()> {
    GATE.read().unwrap_or_else(PoisonError::into_inner)
}

/// Pass the gate if it is open.
pub(crate) fn try_gate() -> Option<RwLockReadGuard<'static, ()>> {
    match GATE.try_read() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// How often this process was forked off another, counting its ancestors.
pub(crate) fn depth() -> u64 {
    FORKS.load(Ordering::Relaxed)
}

/// Close the gate: to be called before a fork, by the thread that forks.
pub fn before() {
    let closed = GATE.write().unwrap_or_else(PoisonError::into_inner);
    CLOSED.with_borrow_mut(|guard| *guard = Some(closed));
}

/// Open the gate in the parent, after the fork, by the same thread.
pub fn after_in_parent() {
    CLOSED.with_borrow_mut(Option::take);
}

/// Open the gate in the child.
pub fn after_in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    CLOSED.with_borrow_mut(Option::take);
}
