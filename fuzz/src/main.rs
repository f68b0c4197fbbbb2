//! libFuzzer on one target, named by the variable `FUZZ_TARGET`. One program for all of them, so that the product is
//! linked once.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    fuzz::find(&name).unwrap_or_else(|| {
        let names: Vec<_> = fuzz::TARGETS.iter().map(|(name, _)| *name).collect();
        panic!("FUZZ_TARGET names no target; there are {}", names.join(", "))
    })
});

fuzz_target!(|data: &[u8]| TARGET(data));
