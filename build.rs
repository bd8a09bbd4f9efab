//! A migration that is new is a file that no source names: without this, cargo would not build again for it.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
