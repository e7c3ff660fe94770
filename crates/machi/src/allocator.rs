//! The allocator of the program, and how soon it gives back what was freed.

use std::ffi::c_long;

use libmimalloc_sys::{mi_option_set, mi_option_t};

/// Faster under many threads than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The number of the option that says how long what was freed is held, in milliseconds. It is a second otherwise, and in
/// that time a batch frees as much as it may take in all.
const PURGE_DELAY: mi_option_t = 15;
const MILLISECONDS: c_long = 10;

/// Lets freed memory go back to the system soon. To be called before there is another thread.
#[allow(
    unsafe_code,
    reason = "the allocator has no other way to be told, but for the environment that it is started in"
)]
pub(crate) fn give_back_soon() {
    // SAFETY: the option is set while there is one thread, and takes any number.
    unsafe { mi_option_set(PURGE_DELAY, MILLISECONDS) };
}

#[cfg(test)]
mod tests {
    use libmimalloc_sys::mi_option_get;

    use super::*;

    // The library gives its options no names; of the one that is meant, a second is what it says of itself.
    #[test]
    #[allow(unsafe_code, reason = "as above")]
    fn the_option_is_the_one_that_is_meant() {
        // SAFETY: no other thread sets an option.
        let delay = || unsafe { mi_option_get(PURGE_DELAY) };
        assert_eq!(delay(), 1000);
        give_back_soon();
        assert_eq!(delay(), MILLISECONDS);
    }
}
