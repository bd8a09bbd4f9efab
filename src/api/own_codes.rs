//! Which codes come of an operation's own logic, by its `operationId`. The shell's own are in `codes`.

/// Operations, and the codes that each of them has. An operation may stand in several rows.
pub(super) const OWN: &[(&[&str], &[&str])] = &[
    (
        &[
            "createUser",
            "createInvite",
            "createRole",
            "replaceRolePermissions",
            "addRolePermission",
        ],
        &["impersonated"],
    ),
    (&["health_ready"], &["not_ready", "draining"]),
    (
        &["login"],
        &["invalid_credentials", "email_unverified", "login_busy"],
    ),
    (&["verifyMfa"], &["invalid_mfa"]),
    (&["refresh"], &["invalid_grant"]),
    (&["logout"], &["no_session"]),
    (&["endSessions", "endSession"], &["role_hierarchy"]),
    (
        &[
            "getTotp",
            "setUpTotp",
            "confirmTotp",
            "turnOffTotp",
            "renewRecoveryCodes",
        ],
        &["impersonated", "fresh_sign_in_required"],
    ),
    (&["setUpTotp"], &["mfa_enabled", "mfa_not_set_up"]),
    (
        &["confirmTotp"],
        &["mfa_enabled", "mfa_not_set_up", "invalid_code"],
    ),
    (&["turnOffTotp", "renewRecoveryCodes"], &["mfa_not_set_up"]),
    (&["verifyEmailByLink", "verifyEmail"], &["token_invalid"]),
    (&["resetPassword"], &["token_invalid", "login_busy"]),
    (
        &["confirmEmailUpdateByLink", "confirmEmailUpdate"],
        &["token_invalid", "email_taken"],
    ),
    (
        &["changeEmail"],
        &["impersonated", "role_hierarchy", "email_taken"],
    ),
    (
        &["register"],
        &[
            "sign_up_off",
            "slug_taken",
            "login_busy",
            "tenant_migration_failed",
            "tenant_version_unsupported",
            "tenant_unavailable",
            "database_busy",
            "query_timeout",
        ],
    ),
    (
        &["createUser", "createTenantUser"],
        &[
            "role_hierarchy",
            "email_taken",
            "subject_taken",
            "login_busy",
        ],
    ),
    (&["replaceUser", "updateUser"], &["role_hierarchy"]),
    (
        &["createApiKey", "rotateApiKey", "changeEmail"],
        &["fresh_sign_in_required"],
    ),
    (
        &["deleteMe"],
        &["impersonated", "fresh_sign_in_required", "last_admin"],
    ),
    (
        &["deleteUser"],
        &["impersonated", "not_self", "role_hierarchy", "last_admin"],
    ),
    (
        &["setPassword"],
        &["impersonated", "role_hierarchy", "login_busy"],
    ),
    (
        &["setRole"],
        &["impersonated", "role_hierarchy", "last_admin"],
    ),
    (
        &["createInvite"],
        &["role_hierarchy", "already_invited", "email_taken"],
    ),
    (&["withdrawInvite", "resendInvite"], &["role_hierarchy"]),
    (
        &["acceptInvite"],
        &[
            "token_invalid",
            "email_taken",
            "invite_expired",
            "login_busy",
        ],
    ),
    (
        &["createApiKey"],
        &["impersonated", "unknown_permission", "scope_beyond_owner"],
    ),
    (
        &["rotateApiKey", "deleteApiKey"],
        &["impersonated", "role_hierarchy"],
    ),
    (
        &["replaceRolePermissions", "addRolePermission"],
        &["role_hierarchy", "beyond_own_grants", "builtin_role"],
    ),
    (
        &["removeRolePermission"],
        &["role_hierarchy", "builtin_role"],
    ),
    (
        &["createRole"],
        &[
            "role_hierarchy",
            "beyond_own_grants",
            "role_taken",
            "too_many_roles",
        ],
    ),
    (
        &["deleteRole"],
        &["role_hierarchy", "builtin_role", "role_in_use"],
    ),
    (&["createTenant"], &["slug_taken", "login_busy"]),
    (&["createTenant", "restoreTenant"], &["migration_failed"]),
    (
        &["replaceTenant", "updateTenant", "updateOwnTenant"],
        &["plan_forbidden"],
    ),
    (
        &["replaceTenant", "updateTenant"],
        &["slug_forbidden", "slug_taken", "invalid_transition"],
    ),
    (
        &[
            "suspendTenant",
            "activateTenant",
            "cancelTenant",
            "deleteTenant",
            "restoreTenant",
            "migrateTenant",
        ],
        &["invalid_transition"],
    ),
    (
        &[
            "register",
            "createTenant",
            "deleteTenant",
            "restoreTenant",
            "migrateTenant",
            "exportTenant",
            "importTenant",
            "cloneTenant",
        ],
        &["schema_changes_off"],
    ),
    (
        &[
            "replaceTenant",
            "updateTenant",
            "updateOwnTenant",
            "suspendTenant",
            "activateTenant",
            "cancelTenant",
            "deleteTenant",
            "restoreTenant",
            "migrateTenant",
            "exportTenant",
            "cloneTenant",
            "getOperationFile",
            "createTenantUser",
            "startImpersonation",
            "endImpersonation",
        ],
        &["tenant_busy"],
    ),
    (&["restoreTenant"], &["tenant_deleted"]),
    (
        &["exportTenant"],
        &["invalid_transition", "copy_refused", "exports_off"],
    ),
    (
        &["getOperationFile"],
        &["no_export", "export_gone", "exports_off"],
    ),
    (&["importTenant"], &["slug_taken", "exports_off"]),
    (&["cloneTenant"], &["slug_taken", "invalid_transition"]),
    (
        &["startImpersonation"],
        &[
            "fresh_sign_in_required",
            "no_session",
            "never_an_operator",
            "not_found",
        ],
    ),
    (
        &["createFeature", "replaceFeature", "updateFeature"],
        &["key_taken"],
    ),
    (
        &["createProject", "replaceProject", "updateProject"],
        &["name_taken"],
    ),
    (
        &["replaceProject", "updateProject", "deleteProject"],
        &["not_owner"],
    ),
];

/// The codes of this operation's own logic.
pub(super) fn of(operation: &str) -> Vec<&'static str> {
    let rows = OWN.iter().filter(|(ids, _)| ids.contains(&operation));
    rows.flat_map(|(_, codes)| codes.iter().copied()).collect()
}
