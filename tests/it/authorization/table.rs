//! Who may do what: one row for each operation of the document. A new operation needs a row here.

use tenantry::domains::access::Role::{self, Admin, Guest, Member, SuperAdmin};

/// Who may do an operation to what the fixture's owner made.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// As the document names it, without `/api/v1`.
    pub operation: &'static str,
    pub access: Access,
}

#[derive(Debug, Clone, Copy)]
pub enum Access {
    /// Without a credential.
    Public,
    /// For these roles; each of the others is refused in its way. `SuperAdmin` stands for operators.
    Roles {
        may: &'static [Role],
        refused: &'static [(Role, u16, &'static str)],
    },
}

const fn public(operation: &'static str) -> Row {
    Row {
        operation,
        access: Access::Public,
    }
}

const fn row(
    operation: &'static str,
    may: &'static [Role],
    refused: &'static [(Role, u16, &'static str)],
) -> Row {
    Row {
        operation,
        access: Access::Roles { may, refused },
    }
}

const PEOPLE: &[Role] = &[Guest, Member, Admin];
const OPERATOR: &[Role] = &[SuperAdmin];

/// An operator acts on tenants, not inside them: their token is for the platform's own tenant.
const OPERATOR_IS_ELSEWHERE: (Role, u16, &str) = (SuperAdmin, 403, "tenant_mismatch");
const NOT_OPERATORS: &[(Role, u16, &str)] = &[OPERATOR_IS_ELSEWHERE];
const NOT_GUESTS: &[(Role, u16, &str)] = &[(Guest, 403, "forbidden"), OPERATOR_IS_ELSEWHERE];
const ADMINS_ALONE: &[(Role, u16, &str)] = &[
    (Guest, 403, "forbidden"),
    (Member, 403, "forbidden"),
    OPERATOR_IS_ELSEWHERE,
];
/// Who sees only themselves is not told that there are others.
const OTHERS_ARE_NOT_SEEN: &[(Role, u16, &str)] = &[
    (Guest, 404, "not_found"),
    (Member, 404, "not_found"),
    OPERATOR_IS_ELSEWHERE,
];
/// The fixture's project is somebody else's.
const OWNERS_AND_ADMINS: &[(Role, u16, &str)] = &[
    (Guest, 403, "forbidden"),
    (Member, 403, "not_owner"),
    OPERATOR_IS_ELSEWHERE,
];
const OPERATORS_ALONE: &[(Role, u16, &str)] = &[
    (Guest, 403, "forbidden"),
    (Member, 403, "forbidden"),
    (Admin, 403, "forbidden"),
];

/// The fixture's operation was started by somebody who is none of its people.
const STARTERS_AND_OPERATORS: &[(Role, u16, &str)] = &[
    (Guest, 404, "not_found"),
    (Member, 404, "not_found"),
    (Admin, 404, "not_found"),
];

pub const TABLE: &[Row] = &[
    public("GET /health"),
    public("GET /health/ready"),
    public("GET /.well-known/jwks.json"),
    public("POST /auth/login"),
    public("POST /auth/refresh"),
    public("GET /auth/verify-email"),
    public("POST /auth/verify-email"),
    public("POST /auth/resend-verification"),
    public("POST /auth/forgot-password"),
    public("POST /auth/reset-password"),
    public("GET /auth/confirm-email-update"),
    public("POST /auth/confirm-email-update"),
    public("POST /auth/register"),
    row("POST /auth/logout", PEOPLE, NOT_OPERATORS),
    row("GET /auth/sessions", PEOPLE, NOT_OPERATORS),
    row("DELETE /auth/sessions", PEOPLE, NOT_OPERATORS),
    row("DELETE /auth/sessions/{id}", PEOPLE, NOT_OPERATORS),
    public("POST /auth/mfa/verify"),
    row("GET /users/me/mfa/totp", PEOPLE, NOT_OPERATORS),
    row("POST /users/me/mfa/totp", PEOPLE, NOT_OPERATORS),
    row("POST /users/me/mfa/totp/verify", PEOPLE, NOT_OPERATORS),
    row(
        "POST /users/me/mfa/totp/recovery-codes",
        PEOPLE,
        NOT_OPERATORS,
    ),
    row("DELETE /users/me/mfa/totp", PEOPLE, NOT_OPERATORS),
    row("GET /api-keys", PEOPLE, NOT_OPERATORS),
    row("POST /api-keys", PEOPLE, NOT_OPERATORS),
    row("GET /api-keys/{id}", &[Admin], OTHERS_ARE_NOT_SEEN),
    row("POST /api-keys/{id}/rotate", &[Admin], OTHERS_ARE_NOT_SEEN),
    row("DELETE /api-keys/{id}", &[Admin], OTHERS_ARE_NOT_SEEN),
    row("GET /users", PEOPLE, NOT_OPERATORS),
    row("POST /users", &[Admin], ADMINS_ALONE),
    row("GET /users/me", PEOPLE, NOT_OPERATORS),
    row("PATCH /users/me", PEOPLE, NOT_OPERATORS),
    row("DELETE /users/me", PEOPLE, NOT_OPERATORS),
    row("GET /users/{id}", &[Admin], OTHERS_ARE_NOT_SEEN),
    row("PUT /users/{id}", &[Admin], OTHERS_ARE_NOT_SEEN),
    row("PATCH /users/{id}", &[Admin], OTHERS_ARE_NOT_SEEN),
    row("DELETE /users/{id}", &[Admin], OTHERS_ARE_NOT_SEEN),
    row("POST /users/{id}/password", &[Admin], OTHERS_ARE_NOT_SEEN),
    row("PUT /users/{id}/role", &[Admin], ADMINS_ALONE),
    row("GET /users/{id}/sessions", &[Admin], OTHERS_ARE_NOT_SEEN),
    row("DELETE /users/{id}/sessions", &[Admin], OTHERS_ARE_NOT_SEEN),
    row(
        "DELETE /users/{id}/sessions/{sid}",
        &[Admin],
        OTHERS_ARE_NOT_SEEN,
    ),
    row("PATCH /users/{id}/email", &[Admin], OTHERS_ARE_NOT_SEEN),
    row("GET /invites", &[Admin], ADMINS_ALONE),
    row("POST /invites", &[Admin], ADMINS_ALONE),
    row("DELETE /invites/{id}", &[Admin], ADMINS_ALONE),
    row("POST /invites/{id}/resend", &[Admin], ADMINS_ALONE),
    public("POST /invites/accept"),
    row("GET /projects", PEOPLE, NOT_OPERATORS),
    row("POST /projects", &[Member, Admin], NOT_GUESTS),
    row("GET /projects/{id}", PEOPLE, NOT_OPERATORS),
    row("PUT /projects/{id}", &[Admin], OWNERS_AND_ADMINS),
    row("PATCH /projects/{id}", &[Admin], OWNERS_AND_ADMINS),
    row("DELETE /projects/{id}", &[Admin], OWNERS_AND_ADMINS),
    row("GET /features", &[Member, Admin], NOT_GUESTS),
    row("POST /features", &[Admin], ADMINS_ALONE),
    row("POST /features/evaluate", PEOPLE, NOT_OPERATORS),
    row("GET /features/{id}", &[Member, Admin], NOT_GUESTS),
    row("PUT /features/{id}", &[Admin], ADMINS_ALONE),
    row("PATCH /features/{id}", &[Admin], ADMINS_ALONE),
    row("DELETE /features/{id}", &[Admin], ADMINS_ALONE),
    row("GET /audit/logs", &[Admin], ADMINS_ALONE),
    row("GET /audit/logs/{id}", &[Admin], ADMINS_ALONE),
    row("GET /audit/export", &[Admin], ADMINS_ALONE),
    row("GET /audit/verify", &[Admin], ADMINS_ALONE),
    row("GET /permissions", &[Admin], ADMINS_ALONE),
    row("GET /permissions/roles/{role}", &[Admin], ADMINS_ALONE),
    row("PUT /permissions/roles/{role}", &[Admin], ADMINS_ALONE),
    row(
        "POST /permissions/roles/{role}/permissions",
        &[Admin],
        ADMINS_ALONE,
    ),
    row(
        "DELETE /permissions/roles/{role}/permissions/{permission}",
        &[Admin],
        ADMINS_ALONE,
    ),
    row("GET /roles", &[Admin], ADMINS_ALONE),
    row("POST /roles", &[Admin], ADMINS_ALONE),
    row("DELETE /roles/{role}", &[Admin], ADMINS_ALONE),
    row("GET /tenant", PEOPLE, NOT_OPERATORS),
    row("PATCH /tenant", &[Admin], ADMINS_ALONE),
    row("GET /tenant/usage", PEOPLE, NOT_OPERATORS),
    row("GET /tenants", OPERATOR, OPERATORS_ALONE),
    row("POST /tenants", OPERATOR, OPERATORS_ALONE),
    row(
        "GET /tenants/{id}",
        &[Guest, Member, Admin, SuperAdmin],
        &[],
    ),
    row(
        "PUT /tenants/{id}",
        &[Admin, SuperAdmin],
        &[(Guest, 403, "forbidden"), (Member, 403, "forbidden")],
    ),
    row(
        "PATCH /tenants/{id}",
        &[Admin, SuperAdmin],
        &[(Guest, 403, "forbidden"), (Member, 403, "forbidden")],
    ),
    row("POST /tenants/{id}/users", OPERATOR, OPERATORS_ALONE),
    row("POST /tenants/{id}/suspend", OPERATOR, OPERATORS_ALONE),
    row("POST /tenants/{id}/activate", OPERATOR, OPERATORS_ALONE),
    row("POST /tenants/{id}/cancel", OPERATOR, OPERATORS_ALONE),
    row("DELETE /tenants/{id}", OPERATOR, OPERATORS_ALONE),
    row("POST /tenants/{id}/restore", OPERATOR, OPERATORS_ALONE),
    row("GET /tenants/{id}/migrations", OPERATOR, OPERATORS_ALONE),
    row("POST /tenants/{id}/migrate", OPERATOR, OPERATORS_ALONE),
    row("POST /tenants/{id}/export", OPERATOR, OPERATORS_ALONE),
    row("POST /tenants/{id}/clone", OPERATOR, OPERATORS_ALONE),
    row("POST /tenants/import", OPERATOR, OPERATORS_ALONE),
    row("GET /operations/{id}", OPERATOR, STARTERS_AND_OPERATORS),
    row("GET /operations/{id}/file", OPERATOR, OPERATORS_ALONE),
    row("GET /admin/impersonations", OPERATOR, OPERATORS_ALONE),
    row("POST /admin/impersonations", OPERATOR, OPERATORS_ALONE),
    row(
        "DELETE /admin/impersonations/{id}",
        OPERATOR,
        OPERATORS_ALONE,
    ),
];
