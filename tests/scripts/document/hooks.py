"""What schemathesis needs to know to act as somebody: how to sign in, and what ends the caller's own sign-in.

Read by schemathesis; `run.py` says in the environment who acts.
"""

import os
import re

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData
from server import DEMO_ADMIN, Caller

URL = os.environ["DOCUMENT_URL"]
TENANT = os.environ["DOCUMENT_TENANT"]
ROLE = os.environ["DOCUMENT_ROLE"]
EMAIL = os.environ["DOCUMENT_EMAIL"]

# These may end the session or the user: each call is by somebody who signs in for it alone, or else the others would go on without one.
ENDS_THE_CALLER = {
    "POST /api/v1/auth/logout",
    "DELETE /api/v1/auth/sessions",
    "DELETE /api/v1/auth/sessions/{id}",
    "DELETE /api/v1/users/me",
}


# A 401 in the middle makes it sign in again; what was answered so far stays judged.
@schemathesis.auth(refresh_interval=600).skip_for(name=list(ENDS_THE_CALLER))
class Somebody:
    def get(self, case, context):
        return Caller(URL, TENANT).signed_in(EMAIL).token

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.auth(refresh_interval=None).apply_to(name=list(ENDS_THE_CALLER))
class OnlyOnce(Somebody):
    def get(self, case, context):
        # An admin or operator is the last of their kind, whom nobody can end.
        email = Caller(URL, TENANT).signed_in(DEMO_ADMIN).new_user(ROLE) if ROLE == "member" else EMAIL
        return Caller(URL, TENANT).signed_in(email).token


# Why a request that its schema allows may be refused with 400 or 422: rules that a schema cannot tell. By the mistake's code, and where the code alone is too
# wide, by the field's name as well. Everything else that is refused so is a finding.
BEYOND_THE_SCHEMA = {
    "extent_not_grantable": "depends on the permission",
    "idempotency_mismatch": "depends on an earlier request",
    "invalid_code": "changes every 30 seconds",
    "not_in_future": "depends on the clock",
    "nul_character": "no text has one; said of each, it would drown the rest",
    "not_a_rollout": "three decimals; `multipleOf` a fraction is not exact in any two languages",
    "one_of": "one of two fields, never both; a type of ours has no such form",
    "required current_password": "depends on whose password it is",
    "reserved": "some slugs are the platform's own",
    "token_invalid": "only the mail has it",
    "too_common": "a list of passwords is no schema",
    "unknown_role": "roles are rows of a table",
    "unknown_file": "exports are files of a folder",
    "unknown_permission": "a list that grows with the program",
    "unknown_plan": "plans are rows of a table",
    "unusable_attribute": "what an attribute may be is told in words",
    "unusable_value": "depends on the condition's operator",
    "wrong_password": "no schema knows it",
    "wrong_type default_value": "depends on the flag's type",
    "wrong_type enabled_value": "depends on the flag's type",
    "wrong_type value": "depends on the flag's type",
}


# Their answer is 202 whatever the address is, so that it tells nothing.
ALWAYS_202 = {"POST /api/v1/auth/forgot-password", "POST /api/v1/auth/resend-verification"}
ABOUT_AN_ADDRESS = re.compile("'email' format|format:email")


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether a failure is a finding."""
    if isinstance(failure, AcceptedNegativeData):
        return case.operation.label not in ALWAYS_202 or not ABOUT_AN_ADDRESS.search(failure.message)
    if not isinstance(failure, RejectedPositiveData) or response.status_code not in (400, 422):
        return True
    problem = response.json()
    mistakes = problem.get("errors") or [{"code": problem["code"], "pointer": ""}]
    return not all(
        {mistake["code"], f"{mistake['code']} {mistake['pointer'].split('/')[-1]}"} & BEYOND_THE_SCHEMA.keys()
        for mistake in mistakes
    )
