//! The codes that the document names are those of `docs/errors.md`.

use std::collections::BTreeSet;

use super::document::operations;

/// What no operation can document, with the reason.
const OF_NO_OPERATION: [(&str, &str); 4] = [
    ("method_not_allowed", "a method that is no operation"),
    (
        "uri_too_long",
        "the address is not read, so no operation is known",
    ),
    (
        "headers_too_large",
        "the head is not read, so no operation is known",
    ),
    (
        "no_owner",
        "only the program itself is nobody, and it sends no requests",
    ),
];

/// Each code of the table with its status's cell, such as `413, 414, 415`.
fn explained() -> BTreeSet<(String, String)> {
    let rows = include_str!("../../../docs/errors.md").lines();
    let rows = rows.filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?, cells.next()?))
    });
    let codes = rows.flat_map(|(statuses, codes)| {
        let codes = codes.split('`').skip(1).step_by(2);
        codes.map(|code| (code.to_owned(), statuses.to_owned()))
    });
    codes.collect()
}

#[test]
fn every_error_of_every_operation_names_its_codes_and_each_is_explained() {
    let explained = explained();
    for operation in operations() {
        let statuses = operation.responses().keys();
        for status in statuses.filter(|status| status.as_str() >= "400") {
            let name = &operation.name;
            let codes = operation.codes(status);
            assert!(!codes.is_empty(), "{name} {status} names no code");
            for code in codes {
                let mut rows = explained.iter();
                let told = rows.any(|(known, of)| known == code && of.contains(status));
                assert!(told, "docs/errors.md lacks {status} {code} of {name}");
            }
        }
    }
}

#[test]
fn every_code_that_is_explained_is_some_operations() {
    let operations = operations();
    let named = operations.iter().flat_map(|operation| {
        let statuses = operation.responses().keys();
        statuses.flat_map(|status| operation.codes(status))
    });
    let mut named: BTreeSet<&str> = named.collect();
    for (code, why) in OF_NO_OPERATION {
        assert!(named.insert(code), "{code} is documented, though {why}");
    }
    for (code, status) in explained() {
        assert!(
            named.contains(code.as_str()),
            "{status} {code}: of no operation"
        );
    }
}
