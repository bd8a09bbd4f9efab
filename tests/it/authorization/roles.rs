//! What each role is granted, as a table that a reviewer reads.

use std::fmt::Write;

use tenantry::domains::access::{Extent, Permission, Role};

use crate::golden;

#[test]
fn what_the_roles_are_granted_is_what_was_reviewed() {
    golden::expect("authorization/roles.golden", &matrix());
}

fn matrix() -> String {
    let mut text = format!("{:<24}", "permission");
    for role in Role::ALL {
        write!(text, "{:<12}", role.as_str()).unwrap();
    }
    let mut lines = vec![text];
    for permission in Permission::ALL {
        let mut line = format!("{:<24}", permission.as_str());
        for role in Role::ALL {
            let reach = permission.granted_to(role).map_or("-", name);
            write!(line, "{reach:<12}").unwrap();
        }
        lines.push(line);
    }
    let lines: Vec<_> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n") + "\n"
}

fn name(extent: Extent) -> &'static str {
    match extent {
        Extent::Own => "own",
        Extent::Tenant => "tenant",
        Extent::All => "all",
    }
}
