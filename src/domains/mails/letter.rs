//! What a mail says, in the form that all our mails have: as text and as HTML.

use askama::Template;

use super::links::Step;
use super::model::Mail;
use crate::domains::users::Email;

/// What is said. Names of people and tenants may be in it: they are escaped, and no line break in the subject survives.
#[derive(Debug, Clone)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// Paragraphs before the step.
    pub before: Vec<String>,
    /// The one thing to do, if there is one.
    pub step: Option<Step>,
    /// Paragraphs after it.
    pub after: Vec<String>,
}

#[derive(Template)]
#[template(path = "letter.txt")]
struct AsText<'a> {
    letter: &'a Letter,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct AsHtml<'a> {
    letter: &'a Letter,
}

impl Letter {
    /// The mail for `to`.
    ///
    /// # Errors
    /// When a template cannot be filled in, which is a mistake in the template.
    pub fn to(mut self, to: Email) -> Result<Mail, askama::Error> {
        self.subject = self
            .subject
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        Ok(Mail {
            to,
            text: AsText { letter: &self }.render()?,
            html: AsHtml { letter: &self }.render()?,
            subject: self.subject,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(step: Step) -> Mail {
        let letter = Letter {
            subject: "Hello\r\nBcc: all@example.com".to_owned(),
            before: vec!["<b>Ada</b> & co.".to_owned()],
            step: Some(step),
            after: vec!["Bye.".to_owned()],
        };
        letter.to("ada@example.com".parse().unwrap()).unwrap()
    }

    #[test]
    fn html_is_escaped_and_text_is_not() {
        let url = "https://acme.example.com/x?token=abc".to_owned();
        let mail = letter(Step::Link { label: "Go", url });
        assert!(mail.text.contains("<b>Ada</b> & co."), "{}", mail.text);
        assert!(
            mail.text
                .contains("\nhttps://acme.example.com/x?token=abc\n")
        );
        assert!(!mail.html.contains("<b>Ada"), "{}", mail.html);
        assert!(
            mail.html
                .contains("href=\"https://acme.example.com/x?token=abc\"")
        );
    }

    #[test]
    fn a_subject_has_one_line() {
        let step = Step::Token {
            label: "Go",
            endpoint: "/api/v1/x",
            tenant: "acme".to_owned(),
            token: "abc".to_owned(),
        };
        let mail = letter(step);
        assert_eq!(mail.subject, "Hello  Bcc: all@example.com");
        assert!(mail.text.contains("POST /api/v1/x"), "{}", mail.text);
        assert!(mail.text.contains("X-Tenant-ID: acme"), "{}", mail.text);
    }
}
