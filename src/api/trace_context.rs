//! W3C trace context: which trace this request belongs to, where a caller says so.
//!
//! A header that does not hold is ignored, as the standard demands.

use poem::http::HeaderValue;

/// The `traceparent` of a request, version 00.
#[derive(Debug, Clone)]
pub(super) struct TraceParent(HeaderValue);

impl TraceParent {
    /// Takes `header` if it is a valid version 00.
    pub(super) fn parse(header: &HeaderValue) -> Option<Self> {
        let mut parts = header.to_str().ok()?.split('-');
        let valid = parts.next() == Some("00")
            && is_id(parts.next()?, 32)
            && is_id(parts.next()?, 16)
            && is_hex(parts.next()?, 2)
            && parts.next().is_none();
        valid.then(|| Self(header.clone()))
    }

    /// 32 hexadecimal digits.
    pub(super) fn trace_id(&self) -> Option<&str> {
        self.part(1)
    }

    /// The caller's span: 16 hexadecimal digits.
    pub(super) fn parent_id(&self) -> Option<&str> {
        self.part(2)
    }

    fn part(&self, index: usize) -> Option<&str> {
        self.0.to_str().ok()?.split('-').nth(index)
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Hexadecimal, and not all zero.
fn is_id(text: &str, length: usize) -> bool {
    is_hex(text, length) && text.bytes().any(|b| b != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(header: &'static str) -> Option<TraceParent> {
        TraceParent::parse(&HeaderValue::from_static(header))
    }

    #[test]
    fn a_valid_header_names_trace_and_parent() {
        let parent = parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        assert_eq!(parent.trace_id(), Some("0af7651916cd43dd8448eb211c80319c"));
        assert_eq!(parent.parent_id(), Some("b7ad6b7169203331"));
    }

    #[test]
    fn what_does_not_hold_is_ignored() {
        for header in [
            "",
            "00",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ] {
            assert!(parse(header).is_none(), "{header} was taken");
        }
    }
}
