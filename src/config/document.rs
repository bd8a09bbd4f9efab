//! The variables as people read them: in `--help` and in `.env.example`.

use super::GROUPS;
use super::variable::{Fallback, Variable};

/// The part of `--help` about the environment.
pub(super) fn help() -> String {
    let mut lines = vec!["Environment variables:".to_owned()];
    for group in GROUPS {
        lines.push(format!("\n{}:", group.title));
        for variable in group.variables {
            let default = match variable.default {
                Fallback::Value(default) => format!(" (default: {default})"),
                Fallback::Computed(_) | Fallback::Nothing => String::new(),
            };
            lines.push(format!("  {}{default}", variable.name));
            lines.extend(about(variable).map(|line| format!("      {line}")));
        }
    }
    lines.push(
        "\nAn empty variable counts as unset. Outside production, .env in the working folder is\n\
         read too; the real environment wins over it.\n"
            .to_owned(),
    );
    lines.join("\n")
}

/// The contents of `.env.example`: all comments, so that a copy changes nothing until it is edited.
#[cfg(test)]
pub(super) fn env_example() -> String {
    let mut lines = vec![
        "# Copy to .env, and take the # away from what you set; the values shown are the defaults.\n\
         # In development everything is optional. The real environment wins over this file, and\n\
         # production does not read it."
            .to_owned(),
    ];
    for group in GROUPS {
        lines.push(format!("\n\n# ---- {} ----", group.title));
        for variable in group.variables {
            lines.push(String::new());
            lines.extend(about(variable).map(|line| format!("# {line}")));
            let value = match variable.default {
                Fallback::Value(default) => default,
                Fallback::Computed(_) | Fallback::Nothing => "",
            };
            lines.push(format!("#{}={value}", variable.name));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// All but a default that is a plain value, for which each document has a place of its own.
fn about(variable: &Variable) -> impl Iterator<Item = String> {
    let default = match variable.default {
        Fallback::Computed(default) => Some(format!("Default: {default}.")),
        Fallback::Value(_) | Fallback::Nothing => None,
    };
    let file = variable.secret.then(|| {
        let name = variable.file_name();
        format!("Secret: {name} can name a file that holds it instead.")
    });
    [
        Some(variable.doc.to_owned()),
        Some(format!("Must be {}.", variable.shape)),
        default,
        file,
    ]
    .into_iter()
    .flatten()
}
