//! Keyset pages: what a repository is asked for, and what it gives back.
//!
//! Ids are UUIDv7, so their order is the order of making and a page is stable under writes. The opaque cursor is the HTTP shell's (`api::page`).

use uuid::Uuid;

/// Entries of a page where the caller names no number.
pub const DEFAULT_LIMIT: u32 = 20;

/// The most entries of one page.
pub const MAX_LIMIT: u32 = 100;

/// Which page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The last id of the page before; `None` asks for the first page.
    pub after: Option<Uuid>,
    /// 1 to [`MAX_LIMIT`].
    pub limit: u32,
}

impl PageRequest {
    /// The SQL `LIMIT`: one row more than the page holds tells whether another page follows.
    pub fn rows_to_fetch(&self) -> i64 {
        i64::from(self.limit) + 1
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries, at most the limit.
    pub items: Vec<T>,
    /// The last id of this page if another follows.
    pub next: Option<Uuid>,
}

impl<T> Page<T> {
    /// Makes a page of rows fetched with [`PageRequest::rows_to_fetch`].
    pub fn cut(mut rows: Vec<T>, request: &PageRequest, id: impl Fn(&T) -> Uuid) -> Self {
        let limit = request.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(id);
        Self { items: rows, next }
    }

    /// The same page of something else.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(make).collect(),
            next: self.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: u128) -> Vec<Uuid> {
        (1..=count).map(Uuid::from_u128).collect()
    }

    #[test]
    fn the_row_beyond_the_limit_is_not_shown_but_tells_of_a_next_page() {
        let request = PageRequest {
            after: None,
            limit: 2,
        };
        let page = Page::cut(ids(3), &request, |id| *id);
        assert_eq!(page.items, ids(2));
        assert_eq!(page.next, Some(Uuid::from_u128(2)));
    }

    #[test]
    fn a_page_that_is_just_full_is_the_last() {
        let request = PageRequest {
            after: None,
            limit: 2,
        };
        assert_eq!(Page::cut(ids(2), &request, |id| *id).next, None);
        assert_eq!(Page::cut(ids(0), &request, |id| *id).next, None);
    }
}
