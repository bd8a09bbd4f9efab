//! A few of many, spread evenly from the first to the last, both among them: tenants stand in the order of their age, and the oldest is usually the
//! largest.

/// Which places of `total` are among `count`; of one alone, the first.
pub(super) fn spread(total: usize, count: usize) -> impl Fn(usize) -> bool {
    let count = count.min(total);
    let steps = count.saturating_sub(1).max(1);
    let places: Vec<usize> = (0..count).map(|n| n * (total - 1) / steps).collect();
    move |at| places.binary_search(&at).is_ok()
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn first_and_last_are_among_them_and_the_distances_even() {
        for (total, count, expected) in [
            (13, 0, &[][..]),
            (13, 1, &[0]),
            (13, 2, &[0, 12]),
            (13, 3, &[0, 6, 12]),
            (13, 4, &[0, 4, 8, 12]),
            (3, 3, &[0, 1, 2]),
            (3, 9, &[0, 1, 2]),
            (1, 3, &[0]),
            (0, 3, &[]),
        ] {
            let picked = spread(total, count);
            let found: Vec<usize> = (0..total).filter(|at| picked(*at)).collect();
            assert_eq!(found, expected, "{count} of {total}");
        }
    }
}
