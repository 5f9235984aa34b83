//! Random bytes where there is no operating system to give them.

use getrandom::Error;

/// What `getrandom` calls when built with `--cfg getrandom_backend="custom"`.
///
/// Only hash tables ask, for their seeds. The keys in them are the words of the vocabulary, not what a
/// stranger sends, so fixed seeds do no harm; a host with better ones would be imported here.
///
/// # Safety
///
/// `destination` points to `length` bytes that may be written.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(
    destination: *mut u8,
    length: usize,
) -> Result<(), Error> {
    for offset in 0..length {
        // SAFETY: the offset lies within the `length` bytes that the caller lets us write.
        unsafe {
            destination
                .add(offset)
                .write((offset as u8).wrapping_mul(151))
        };
    }
    Ok(())
}
