//! One `.rs` file as the rules see it: the paths it names and its string literals, each with its line.
//!
//! Comments, doc comments and whatever stands under `#[cfg(test)]` are left out.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use std::{fs, iter::Peekable, path::Path};

pub struct Source {
    /// Relative to the repository, with `/`.
    pub path: String,
    /// `use` groups are spelled out, and a leading `self` or `super` is resolved.
    pub names: Vec<(usize, String)>,
    pub strings: Vec<(usize, String)>,
}

type Tokens = Peekable<proc_macro2::token_stream::IntoIter>;

impl Source {
    /// All files under `folder` except modules that exist under `#[cfg(test)]` only.
    pub fn read_all(folder: &str) -> Vec<Self> {
        let files = files(folder);
        let test_modules: Vec<String> = files
            .iter()
            .flat_map(|(path, text)| test_modules(path, text))
            .collect();
        let is_test = |path: &str| {
            test_modules
                .iter()
                .any(|module| module_file(path).starts_with(module.as_str()))
        };
        let product = files.iter().filter(|(path, _)| !is_test(path));
        product
            .map(|(path, text)| Self::parse(path, text))
            .collect()
    }

    pub fn parse(path: &str, text: &str) -> Self {
        let mut source = Self {
            path: path.to_owned(),
            names: Vec::new(),
            strings: Vec::new(),
        };
        source.walk(tokens(path, text), "");
        source
    }

    /// `prefix` is what stands before the braces in `use a::{b, c}`, with its `::`.
    fn walk(&mut self, stream: TokenStream, prefix: &str) {
        let mut tokens = stream.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => skip_attribute(&mut tokens),
                TokenTree::Punct(_) => {}
                TokenTree::Group(group) => self.walk(group.stream(), ""),
                TokenTree::Literal(literal) => {
                    self.strings.extend(
                        text_of(&literal.to_string())
                            .map(|text| (literal.span().start().line, text)),
                    );
                }
                TokenTree::Ident(first) => {
                    let line = first.span().start().line;
                    self.path_from(line, format!("{prefix}{first}"), &mut tokens);
                }
            }
        }
    }

    fn path_from(&mut self, line: usize, mut path: String, tokens: &mut Tokens) {
        while skip_double_colon(tokens) {
            match tokens.peek() {
                Some(TokenTree::Ident(segment)) => path = format!("{path}::{segment}"),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    let group = group.stream();
                    tokens.next();
                    return self.walk(group, &format!("{path}::"));
                }
                _ => break,
            }
            tokens.next();
        }
        let path = absolute(&self.path, &path);
        self.names.push((line, path));
    }
}

/// Reads what stands behind a `#`: skips doc comments, and what `#[cfg(test)]` belongs to.
fn skip_attribute(tokens: &mut Tokens) {
    let text = attribute_text(tokens);
    if is_test_only(&text) {
        skip_item(tokens);
    } else if text.starts_with("doc=") {
        tokens.next();
    }
}

/// Path and text of every `.rs` file under `folder` of this repository, in order.
pub fn files(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(
        Path::new(env!("CARGO_MANIFEST_DIR")),
        Path::new(folder),
        &mut found,
    );
    found.sort();
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((
                path.to_str().unwrap().replace('\\', "/"),
                fs::read_to_string(entry.path()).unwrap(),
            ));
        }
    }
}

fn tokens(path: &str, text: &str) -> TokenStream {
    text.parse()
        .unwrap_or_else(|error| panic!("{path} is not Rust: {error}"))
}

/// `src/a/b.rs` and `src/a/b/mod.rs` are both `src/a/b/`.
fn module_file(path: &str) -> String {
    let module = path.trim_end_matches(".rs");
    let module = ["/mod", "/lib", "/main"]
        .iter()
        .find_map(|name| module.strip_suffix(name))
        .unwrap_or(module);
    format!("{module}/")
}

/// The folder of each module that `path` declares as `#[cfg(test)] mod name;`.
pub fn test_modules(path: &str, text: &str) -> Vec<String> {
    let mut tokens = tokens(path, text).into_iter().peekable();
    let mut found = Vec::new();
    while let Some(token) = tokens.next() {
        if token.to_string() == "#" && is_test_only(&attribute_text(&mut tokens)) {
            let item = skip_item(&mut tokens);
            let name = item
                .strip_suffix(';')
                .and_then(|item| item.rsplit_once("mod "))
                .map(|(_, name)| name.trim());
            found.extend(name.map(|name| format!("{}{name}/", module_file(path))));
        }
    }
    found
}

/// The attribute whose `#` has just been read, without spaces; leaves its brackets to be read.
fn attribute_text(tokens: &mut Tokens) -> String {
    tokens.next_if(|token| token.to_string() == "!");
    match tokens.peek() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
            group.stream().to_string().split_whitespace().collect()
        }
        _ => String::new(),
    }
}

fn is_test_only(attribute: &str) -> bool {
    attribute == "cfg(test)" || attribute.starts_with("cfg(all(test,")
}

/// Reads an item to its end, which is a `;` or its body in braces, and returns its text.
fn skip_item(tokens: &mut Tokens) -> String {
    let mut item = String::new();
    for token in tokens {
        let text = token.to_string();
        item.push_str(&text);
        let is_body =
            matches!(&token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        if is_body || text == ";" {
            break;
        }
        item.push(' ');
    }
    item
}

fn skip_double_colon(tokens: &mut Tokens) -> bool {
    let is_colon = |token: &TokenTree| token.to_string() == ":";
    let is_joint = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
    tokens
        .next_if(|token| is_joint(token) && is_colon(token))
        .is_some()
        && tokens.next_if(is_colon).is_some()
}

/// The text between a string literal's quotes, or nothing for another literal.
fn text_of(literal: &str) -> Option<String> {
    let (start, end) = (literal.find('"')?, literal.rfind('"')?);
    let is_string = start < end && literal[..start].chars().all(|c| "rbc#".contains(c));
    is_string.then(|| {
        literal[start + 1..end]
            .replace("\\\n", " ")
            .replace("\\n", "\n")
            .replace("\\\"", "\"")
    })
}

/// Resolves leading `self`s and `super`s against the module that the file at `file` is.
fn absolute(file: &str, path: &str) -> String {
    let module = module_file(file).replacen("src", "crate", 1);
    let mut module: Vec<&str> = module.trim_end_matches('/').split('/').collect();
    let mut rest = path;
    loop {
        if let Some(tail) = rest.strip_prefix("super::") {
            module.pop();
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix("self::") {
            rest = tail;
        } else if rest == path {
            return path.to_owned();
        } else {
            return format!("{}::{rest}", module.join("::"));
        }
    }
}
