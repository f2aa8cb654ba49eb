//! The kinds of events by their names, for whoever asks for entries of one.

/// Every kind that an entry of the ledger may have.
pub const KINDS: &[&str] = &[
    "deployment.created",
    "incarnation.opened",
    "credentials.issued",
    "api.created",
    "api.updated",
    "api.widened",
    "api.narrowed",
    "api.deleted",
    "api.lifetime_lowered",
    "client.created",
    "client.updated",
    "client.widened",
    "client.narrowed",
    "client.deleted",
    "client_secret.created",
    "client_secret.ended",
    "client_secret.suspended",
    "client_secret.resumed",
    "client_secret.removed",
    "api_key.created",
    "api_key.imported",
    "api_key.narrowed",
    "api_key.widened",
    "api_key.described",
    "api_key.rotated",
    "api_key.secret_confirmed",
    "api_key.told_again",
    "api_key.secret_ended",
    "api_key.transferred",
    "api_key.suspended",
    "api_key.resumed",
    "api_key.revoked",
    "api_key.removed",
    "api_key.uses_leased",
    "token.issued",
    "token.revoked",
    "token.suspended",
    "token.resumed",
    "tokens.cut_off",
    "subject.suspended",
    "subject.resumed",
    "api_key.cut_off",
    "credential.reported",
    "signing_key.created",
    "signing_key.activated",
    "signing_key.removed",
    "signing_key.revoked",
    "policy.set",
    "policy.lowered",
    "policy_exception.created",
    "policy_exception.ended",
    "user.created",
    "user.updated",
    "user.disabled",
    "user.enabled",
    "user.deleted",
    "user.unlocked",
    "user.password_set",
    "user.password_renewed",
    "users.exported",
    "user.second_factor_set",
    "user.second_factor_removed",
    "user.recovery_codes_set",
    "user.recovery_code_used",
    "passkey.added",
    "passkey.removed",
    "link.made",
    "link.used",
    "provider.created",
    "provider.updated",
    "provider.deleted",
    "identity.linked",
    "identity.unlinked",
    "session.created",
    "session.renewed",
    "session.ended",
    "consent.given",
    "consent.withdrawn",
    "grant.created",
    "grant.ended",
    "grant.reused",
    "code.unchallenged",
    "code.replayed",
    "grant.recovered",
    "grant.advanced",
    "sign_ins.removed",
    "group.created",
    "group.updated",
    "group.deleted",
    "membership.added",
    "membership.removed",
    "role.created",
    "role.updated",
    "role.widened",
    "role.narrowed",
    "role.deleted",
    "role.assigned",
    "role.unassigned",
    "credential.expiring",
    "root_key.rotated",
    "backup.completed",
    "backup.failed",
    "backup.target_lost",
    "backup.target_found",
    "backup.other_found",
    "backup.target_left",
    "backup.drilled",
    "backup.drill_failed",
    "gap.opened",
    "gap.accepted",
    "entries.erased",
    "user.erased",
    "canary.failed",
];

/// Whether entries may be of this kind, `api_key.revoked`, or of one of this thing, `api_key`.
#[must_use]
pub fn is_kind(text: &str) -> bool {
    KINDS.iter().any(|kind| *kind == text || kind.strip_prefix(text).is_some_and(|rest| rest.starts_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_kind_here() {
        let names =
            include_str!("../event.rs").lines().filter_map(|line| line.trim().strip_prefix("#[serde(rename = \"")?.strip_suffix("\")]"));
        assert_eq!(names.collect::<Vec<_>>(), KINDS);
    }

    #[test]
    fn kinds_and_things() {
        for (text, expected) in [
            ("api_key.revoked", true),
            ("api_key", true),
            ("api_ke", false),
            ("suspended", false),
            ("", false),
            ("api_key.", false),
            (".", false),
        ] {
            assert_eq!(is_kind(text), expected, "{text}");
        }
    }
}
