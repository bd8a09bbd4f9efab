//! The page's blocks: files to make, and lines to change in files that are there.

use std::fs;
use std::path::Path;

/// One block that names a file.
pub(super) struct Step {
    file: String,
    /// Whether the text changes a file instead of making one.
    changes: bool,
    text: String,
}

/// The blocks of `page` whose first line names a file: ` ```rust src/… `.
pub(super) fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if let Some((kind, file)) = info.split_once(' ') {
            steps.push(Step {
                file: file.to_owned(),
                changes: kind == "diff",
                text: block.join("\n") + "\n",
            });
        }
    }
    steps
}

impl Step {
    /// Does in `copy` what the block says.
    pub(super) fn follow(&self, copy: &Path) {
        let path = copy.join(&self.file);
        if self.changes {
            let found = fs::read_to_string(&path).expect(&self.file);
            fs::write(path, self.changed(&found)).unwrap();
        } else {
            assert!(!path.exists(), "`{}` is there already", self.file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &self.text).unwrap();
        }
    }

    fn changed(&self, found: &str) -> String {
        let lines_without = |sign: char| -> String {
            let lines = self.text.lines().filter(|line| !line.starts_with(sign));
            lines
                .map(|line| line.get(1..).unwrap_or_default().to_owned() + "\n")
                .collect()
        };
        let (old, new) = (lines_without('+'), lines_without('-'));
        let places = found.matches(&old).count();
        assert_eq!(
            places, 1,
            "the page's lines stand {places} times in `{}`:\n{old}",
            self.file
        );
        found.replacen(&old, &new, 1)
    }
}
