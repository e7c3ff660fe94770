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
    use std::thread::sleep;
    use std::time::Duration;

    const TAKEN: usize = 64 << 20;

    fn resident() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").expect("the kernel tells of this process");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("it tells what it takes");
        let kilobytes = line.trim().trim_end_matches(" kB").parse::<usize>().expect("it tells a number");
        kilobytes << 10
    }

    #[test]
    fn what_is_freed_goes_back_within_a_moment() {
        super::give_back_soon();
        let before = resident();
        let pieces: Vec<Vec<u8>> = (0..TAKEN / 1000).map(|_| vec![1; 1000]).collect();
        assert!(resident() > before + TAKEN / 2);
        drop(pieces);
        // Without the option it stays for as long as nothing else is allocated, and a second at least.
        let given_back = (0..50).any(|_| {
            sleep(Duration::from_millis(10));
            drop(std::hint::black_box(vec![1_u8; 100_000]));
            resident() < before + TAKEN / 2
        });
        assert!(given_back, "{} MB are held", (resident() - before) >> 20);
    }
}
