//! The `.env` file of a developer's working folder. The process's own environment is left as it is.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

use super::mistake::Mistake;

/// The file's variables (the first of a name counts), or what is wrong with it. A missing file is an empty one.
pub(super) fn read(path: &Path) -> Result<HashMap<String, OsString>, Mistake> {
    let mut variables = HashMap::new();
    let entries = match dotenvy::from_path_iter(path) {
        Ok(entries) => entries,
        Err(dotenvy::Error::Io(error)) if error.kind() == ErrorKind::NotFound => {
            return Ok(variables);
        }
        Err(error) => {
            return Err(mistake(
                path,
                &format!(
                    "expected a readable file; got: {error}; correct its permissions or remove it"
                ),
            ));
        }
    };
    let mut place = "at its start".to_owned();
    for entry in entries {
        // The parser's own message quotes the line, which can hold a secret.
        let (name, value) = entry.map_err(|_| {
            mistake(path, &format!("expected lines of the form NAME=value; got something else {place}; quote a value that holds blanks or quotes"))
        })?;
        place = format!("after {name}");
        variables.entry(name).or_insert_with(|| value.into());
    }
    Ok(variables)
}

fn mistake(path: &Path, message: &str) -> Mistake {
    Mistake {
        name: path.display().to_string(),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn parsed(text: &str) -> Result<HashMap<String, OsString>, Mistake> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn a_missing_file_is_an_empty_one() {
        assert_eq!(read(Path::new("/nowhere/.env")), Ok(HashMap::new()));
    }

    #[test]
    fn the_first_of_a_name_counts() {
        let variables = parsed("# comment\nA=1\nA=2\nB='x y'\n").unwrap();
        assert_eq!(variables["A"], "1");
        assert_eq!(variables["B"], "x y");
    }

    #[test]
    fn a_broken_line_is_placed_but_not_quoted() {
        let mistake = parsed("A=1\nJWT_SECRET=hunter2 hunter3\n").unwrap_err();
        assert!(mistake.message.contains("after A"), "{}", mistake.message);
        assert!(!mistake.message.contains("hunter"), "{}", mistake.message);
    }
}
