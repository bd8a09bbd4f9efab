//! The table of arrows: what each rule watches, where that is allowed, and what to do instead.

use super::{source::Source, sql};

pub struct Rule {
    /// The rule in a few words; every violation quotes it.
    pub name: &'static str,
    pub watches: Watches,
    pub places: Places,
    /// What whoever broke the rule should do.
    pub instead: &'static str,
}

pub enum Watches {
    /// A path whose segments contain one of these, in order and side by side.
    Names(&'static [&'static str]),
    /// A string literal that holds an SQL statement, or the name of an `.sql` file.
    SqlText,
}

/// Places are a folder (`src/api/`), a file (`src/app.rs`), or either in any folder (`*/repository.rs`).
pub enum Places {
    OnlyIn(&'static [&'static str]),
    NeverIn(&'static [&'static str]),
}
use Places::{NeverIn, OnlyIn};
use Watches::{Names, SqlText};

pub fn rules() -> Vec<Rule> {
    vec![
        Rule {
            name: "poem only in the HTTP shell",
            watches: Names(&["poem", "poem_openapi"]),
            places: OnlyIn(&[
                "src/api/",
                "src/app.rs",
                "src/testkit/",
                "src/cli/openapi.rs",
            ]),
            instead: "return a domain type or error and turn it into HTTP under src/api/",
        },
        Rule {
            name: "SQL only in repositories, tenancy and migrations",
            watches: SqlText,
            places: OnlyIn(&[
                "*/repository.rs",
                "*/repository/",
                "src/tenancy/",
                "src/migrations/",
                "src/doctor/",
            ]),
            instead: "move the statement into the slice's repository.rs",
        },
        Rule {
            name: "environment only in config",
            watches: Names(&["std::env", "dotenvy"]),
            places: OnlyIn(&["src/config/"]),
            instead: "add a typed setting to src/config/ and pass it in",
        },
        Rule {
            name: "no raw connection outside tenancy",
            watches: Names(&["tokio_postgres", "deadpool", "deadpool_postgres"]),
            places: OnlyIn(&[
                "src/tenancy/",
                "src/migrations/",
                "src/private_postgres/",
                "src/config/database_url.rs",
            ]),
            instead: "take a session from crate::tenancy; it proves which tenant it is scoped to",
        },
        Rule {
            name: "the time only from the clock",
            watches: Names(&["Utc::now", "Local::now", "SystemTime::now"]),
            places: OnlyIn(&["src/clock.rs"]),
            instead: "take a crate::clock::Clock, so that tests can set the time",
        },
        Rule {
            name: "identifiers only from ids",
            watches: Names(&["Uuid::now_v7", "Uuid::new_v4"]),
            places: OnlyIn(&["src/ids.rs"]),
            instead: "use crate::ids",
        },
        Rule {
            name: "domains know no shell",
            watches: Names(&["crate::api", "crate::cli", "crate::app"]),
            places: NeverIn(&["src/domains/"]),
            instead: "let the shell call the domain's service, or pass in what the domain needs",
        },
        Rule {
            name: "shells enter at the service",
            watches: Names(&["repository"]),
            places: NeverIn(&["src/api/", "src/cli/"]),
            instead: "call the slice's service; it authorizes and then calls its repository",
        },
    ]
}

impl Rule {
    pub fn allows(&self, path: &str) -> bool {
        match self.places {
            OnlyIn(places) => places.iter().any(|place| is_in(path, place)),
            NeverIn(places) => !places.iter().any(|place| is_in(path, place)),
        }
    }

    /// Line and text of everything in `source` that this rule watches.
    pub fn matches(&self, source: &Source) -> Vec<(usize, String)> {
        let hit = |words: &[(usize, String)], test: &dyn Fn(&str) -> bool| {
            words
                .iter()
                .filter(|(_, text)| test(text))
                .cloned()
                .collect()
        };
        match self.watches {
            Names(names) => hit(&source.names, &|path| {
                names.iter().any(|name| contains(path, name))
            }),
            SqlText => hit(&source.strings, &|text| sql::is_statement(text)),
        }
    }

    /// An expression for each thing that this rule watches.
    pub fn examples(&self) -> Vec<String> {
        match self.watches {
            Names(names) => names
                .iter()
                .map(|name| format!("let _ = {name}::example()"))
                .collect(),
            SqlText => sql::STATEMENTS
                .iter()
                .map(|text| format!("let _ = {text:?}"))
                .collect(),
        }
    }

    /// A file in which this rule forbids what it watches.
    pub fn forbidden_path(&self, nowhere: &str) -> String {
        match self.places {
            OnlyIn(_) => nowhere.to_owned(),
            NeverIn(places) => file_in(places[0]),
        }
    }

    /// Files in which this rule allows what it watches.
    pub fn allowed_paths(&self, nowhere: &str) -> Vec<String> {
        match self.places {
            OnlyIn(places) => places.iter().map(|place| file_in(place)).collect(),
            NeverIn(_) => vec![nowhere.to_owned()],
        }
    }
}

fn is_in(path: &str, place: &str) -> bool {
    match (place.strip_prefix('*'), place.ends_with('/')) {
        (Some(folder), true) => path.contains(folder),
        (Some(file), false) => path.ends_with(file),
        (None, true) => path.starts_with(place),
        (None, false) => path == place,
    }
}

fn file_in(place: &str) -> String {
    let place = place.replace('*', "src/domains/made_up");
    if place.ends_with('/') {
        place + "made_up.rs"
    } else {
        place
    }
}

/// Whether the segments of `name` stand side by side in `path`.
fn contains(path: &str, name: &str) -> bool {
    format!("::{path}::").contains(&format!("::{name}::"))
}
