//! Counts the characters looked at, so that a test can show that the work is linear.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

pub(super) fn reset() {
    STEPS.set(0);
}

pub(super) fn get() -> u64 {
    STEPS.get()
}

pub(super) fn add(chars: usize) {
    STEPS.set(STEPS.get() + chars as u64);
}
