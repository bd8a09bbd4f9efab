//! A mail as it came over the wire.

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// The envelope's recipient.
    pub to: String,
    /// Headers and body as they came.
    pub raw: String,
}

impl Received {
    /// A header's value, unfolded.
    pub fn header(&self, name: &str) -> String {
        let (head, _) = self.raw.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ");
        let prefix = format!("{name}: ");
        let mut values = head.lines().filter_map(|line| line.strip_prefix(&prefix));
        let value = values
            .next()
            .unwrap_or_else(|| panic!("no {name} in {head}"));
        assert_eq!(values.next(), None, "two of {name}");
        value.to_owned()
    }

    /// The text part, as a reader sees it.
    pub fn text(&self) -> String {
        self.part("text/plain")
    }

    /// The HTML part.
    pub fn html(&self) -> String {
        self.part("text/html")
    }

    /// The address of the link.
    pub fn link(&self) -> String {
        let text = self.text();
        let mut links = text.lines().filter(|line| line.starts_with("http"));
        links
            .next()
            .unwrap_or_else(|| panic!("no link in {text}"))
            .to_owned()
    }

    /// The token: of the link, or on a line of its own.
    pub fn token(&self) -> String {
        let text = self.text();
        let is_token = |line: &&str| line.len() == 43 && !line.contains(' ');
        match text.split_once("?token=") {
            Some((_, rest)) => rest.lines().next().unwrap().to_owned(),
            None => text.lines().find(is_token).unwrap().to_owned(),
        }
    }

    fn part(&self, kind: &str) -> String {
        let (_, part) = self
            .raw
            .split_once(&format!("Content-Type: {kind}"))
            .unwrap();
        let (head, rest) = part.split_once("\r\n\r\n").unwrap();
        let (body, _) = rest.split_once("\r\n--").unwrap();
        let body = if head.contains("quoted-printable") {
            unquoted(body)
        } else {
            body.to_owned()
        };
        body.replace("\r\n", "\n")
    }
}

/// Quoted-printable (RFC 2045, 6.7).
fn unquoted(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'=' => {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}
