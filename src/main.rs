//! The binary `tenantry`; everything it does is in the library.

fn main() {}
