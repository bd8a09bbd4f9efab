//! Asking flags: one query for all of them, then pure rules.
//!
//! Who asks for another subject asks for somebody who is no user here, so the caller's own id, e-mail and role are not theirs: an admin's
//! server that asks for its visitors must not show them what is for admins.

use std::collections::BTreeMap;

use serde_json::json;
use uuid::Uuid;

use super::error::FeatureError;
use super::model::{Attributes, Definition, Evaluation, Question};
use super::repository::{self, Asked};
use super::rules::{evaluate, unknown};
use super::service::Features;
use super::validation::{BUILT_IN, mistakes_in};
use crate::domains::access::{FeaturesEvaluate, authorize};

impl Features<'_> {
    /// What the flags say, in the order of the question's keys.
    ///
    /// # Errors
    /// [`FeatureError::Invalid`] for attributes that cannot be used, [`FeatureError::NoSubject`], or the caller may not.
    pub async fn evaluate(&self, question: Question) -> Result<Vec<Evaluation>, FeatureError> {
        let scope = authorize::<FeaturesEvaluate>(&self.context)?;
        let mistakes = mistakes_in(&question);
        if !mistakes.is_empty() {
            return Err(FeatureError::Invalid(mistakes));
        }
        let Question {
            keys,
            attributes,
            subject,
        } = question;
        let (subject, caller) = match (subject, self.context.user_id()) {
            (Some(subject), _) => (subject, None),
            (None, Some(id)) => (id.to_string(), Some(id)),
            (None, None) => return Err(FeatureError::NoSubject),
        };
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let asked = repository::asked(&mut db, &scope, &keys, caller).await?;
        drop(db);
        Ok(answers(keys, &subject, attributes, caller, asked))
    }
}

fn answers(
    keys: Vec<String>,
    subject: &str,
    mut attributes: Attributes,
    caller: Option<Uuid>,
    asked: Asked,
) -> Vec<Evaluation> {
    if let Some((id, (email, role))) = caller.zip(asked.caller) {
        let own = [json!(id), json!(email), json!(role)];
        attributes.extend(BUILT_IN.map(str::to_owned).into_iter().zip(own));
    }
    let flags = asked.flags.into_iter();
    let flags: BTreeMap<String, Definition> = flags.map(|flag| (flag.key.clone(), flag)).collect();
    let answer = |key: String| match flags.get(&key) {
        Some(flag) => evaluate(flag, subject, &attributes),
        None => unknown(key),
    };
    keys.into_iter().map(answer).collect()
}
