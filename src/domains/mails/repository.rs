//! The SQL of the queue. No scope filters here: nobody reads mails on a caller's behalf.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::{Mail, QueueState, Queued};
use crate::domains::users::EmailError;
use crate::tenancy::{DbError, Param, Row, Scoped, Sql, TenantId};

const INSERT: Sql = Sql::new(
    "mails.insert",
    "INSERT INTO public.mails (id, tenant_id, recipient, subject, body_text, body_html, next_try_at, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
);
// Nobody else takes them before $2. A node that dies meanwhile has taken them until then, and no longer.
const TAKE: Sql = Sql::new(
    "mails.take",
    "WITH due AS MATERIALIZED (SELECT id FROM public.mails WHERE next_try_at <= $1 \
     ORDER BY next_try_at LIMIT $3 FOR UPDATE SKIP LOCKED) \
     UPDATE public.mails m SET next_try_at = $2 FROM due WHERE m.id = due.id \
     RETURNING m.id, m.tenant_id, m.recipient, m.subject, m.body_text, m.body_html, m.attempts, m.created_at",
);
const DELETE: Sql = Sql::new("mails.delete", "DELETE FROM public.mails WHERE id = $1");
const POSTPONE: Sql = Sql::new(
    "mails.postpone",
    "UPDATE public.mails SET attempts = $2, next_try_at = $3, last_error = $4 WHERE id = $1",
);
const STATE: Sql = Sql::new(
    "mails.state",
    "SELECT count(*) FILTER (WHERE next_try_at IS NOT NULL) AS waiting, \
     count(*) FILTER (WHERE next_try_at IS NULL) AS given_up FROM public.mails",
);

pub(super) async fn insert(
    db: &mut Scoped,
    id: Uuid,
    tenant: TenantId,
    mail: &Mail,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let params: &[&dyn Param] = &[
        &id,
        &tenant,
        &mail.to.as_str(),
        &mail.subject,
        &mail.text,
        &mail.html,
        &now,
    ];
    db.execute(&INSERT, params).await.map(drop)
}

/// Up to `limit` mails that are due, the one that has waited longest first; they are the caller's until `until`.
pub(super) async fn take(
    db: &mut Scoped,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Queued>, DbError> {
    let rows = db.query(&TAKE, &[&now, &until, &limit]).await?;
    rows.iter().map(queued_of).collect()
}

pub(super) async fn delete(db: &mut Scoped, id: Uuid) -> Result<(), DbError> {
    db.execute(&DELETE, &[&id]).await.map(drop)
}

/// Writes a failed try down; without `next` the mail is given up.
pub(super) async fn postpone(
    db: &mut Scoped,
    id: Uuid,
    attempts: i32,
    next: Option<DateTime<Utc>>,
    error: &str,
) -> Result<(), DbError> {
    let params: &[&dyn Param] = &[&id, &attempts, &next, &error];
    db.execute(&POSTPONE, params).await.map(drop)
}

pub(super) async fn state(db: &mut Scoped) -> Result<QueueState, DbError> {
    let row = db.query_one(&STATE, &[]).await?;
    Ok(QueueState {
        waiting: row.get("waiting")?,
        given_up: row.get("given_up")?,
    })
}

fn queued_of(row: &Row) -> Result<Queued, DbError> {
    let to: String = row.get("recipient")?;
    let mail = Mail {
        to: to.parse().map_err(|e: EmailError| DbError::Inconsistent {
            column: "recipient",
            reason: e.to_string(),
        })?,
        subject: row.get("subject")?,
        text: row.get("body_text")?,
        html: row.get("body_html")?,
    };
    Ok(Queued {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        mail,
        attempts: row.get("attempts")?,
        created_at: row.get("created_at")?,
    })
}
