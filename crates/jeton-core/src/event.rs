//! What a commit tells. Each event becomes one entry of the ledger; its payload is canonical JSON (RFC 8785), described in
//! `docs/ledger.md`.

mod authority;
mod encoded;
pub mod kinds;
mod subject;
mod written;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{
    Actor, ApiId, ApiKeyId, ClientId, CredentialId, ExceptionId, GrantId, GroupId, KeyId, LinkId, PasskeyId, PersonId, ProviderId, RoleId,
    SecretId, SessionId,
};

use encoded::is_none;

pub use encoded::{Encoded, UnknownEvent, Unwritable};
pub use subject::CutOffSubject;

/// Everything that can happen to authority. A kind is never renamed and never reused; a kind that a program does not know makes it
/// refuse the ledger rather than read past it. The fields of each kind stand in the order of their names, as their canonical form has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are named as in docs/ledger.md; each variant says what happened")]
pub enum Event {
    /// The deployment began.
    #[serde(rename = "deployment.created")]
    DeploymentCreated { actor: Actor, issuer: Arc<str> },
    /// A new incarnation began: whoever knew the old one takes a snapshot. What `known` entries of that took away is taken away here, too.
    #[serde(rename = "incarnation.opened")]
    IncarnationOpened {
        actor: Actor,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        known: Option<u64>,
        previous: Arc<str>,
        reason: Arc<str>,
        root: Arc<str>,
        size: u64,
    },
    /// Short-lived credentials were issued: `root` is the Merkle root over their rows by id; of `changed` a refresh token was spent.
    #[serde(rename = "credentials.issued")]
    Issued {
        #[serde(default, skip_serializing_if = "is_none")]
        changed: u64,
        count: u64,
        root: Arc<str>,
        table: Arc<str>,
    },
    /// An API was declared.
    #[serde(rename = "api.created")]
    ApiCreated { actor: Actor, api: ApiId, audience: Arc<str>, scopes: Arc<str> },
    /// An API's description, or that of its scopes, its default scope, lifetime or format changed.
    #[serde(rename = "api.updated")]
    ApiUpdated { actor: Actor, api: ApiId, changed: Arc<str> },
    /// An API knows these scopes, too.
    #[serde(rename = "api.widened")]
    ApiWidened { actor: Actor, api: ApiId, scopes: Arc<str> },
    /// An API knows these scopes no longer: nobody has them there.
    #[serde(rename = "api.narrowed")]
    ApiNarrowed { actor: Actor, api: ApiId, scopes: Arc<str> },
    /// An API is gone, and with it every token for it.
    #[serde(rename = "api.deleted")]
    ApiDeleted { actor: Actor, api: ApiId },
    /// Tokens of an API with `iat` before `before_seconds` live at most this long from it.
    #[serde(rename = "api.lifetime_lowered")]
    ApiLifetimeLowered { actor: Actor, api: ApiId, before_seconds: i64, seconds: i64, until_seconds: i64 },
    /// A client was registered.
    #[serde(rename = "client.created")]
    ClientCreated { actor: Actor, client: ClientId, name: Arc<str> },
    /// A client's registration changed: what people call it, or how it proves itself.
    #[serde(rename = "client.updated")]
    ClientUpdated { actor: Actor, changed: Arc<str>, client: ClientId },
    /// A client may do more.
    #[serde(rename = "client.widened")]
    ClientWidened { actor: Actor, changed: Arc<str>, client: ClientId },
    /// A client may do less.
    #[serde(rename = "client.narrowed")]
    ClientNarrowed { actor: Actor, changed: Arc<str>, client: ClientId },
    /// A client is gone, and with it every token it holds.
    #[serde(rename = "client.deleted")]
    ClientDeleted { actor: Actor, client: ClientId },
    /// A client got a secret.
    #[serde(rename = "client_secret.created")]
    ClientSecretCreated { actor: Actor, client: ClientId, expires_at_seconds: i64, secret: SecretId },
    /// A secret of a client ends: at once, or when its overlap is over.
    #[serde(rename = "client_secret.ended")]
    ClientSecretEnded { actor: Actor, client: ClientId, ends_at_seconds: i64, secret: SecretId, why: Option<Arc<str>> },
    /// A secret of a client is refused until it is resumed.
    #[serde(rename = "client_secret.suspended")]
    ClientSecretSuspended { actor: Actor, client: ClientId, secret: SecretId, why: Arc<str> },
    /// A suspended secret of a client is accepted again.
    #[serde(rename = "client_secret.resumed")]
    ClientSecretResumed { actor: Actor, client: ClientId, secret: SecretId },
    /// A secret of a client that ended long ago is forgotten.
    #[serde(rename = "client_secret.removed")]
    ClientSecretRemoved { actor: Actor, client: ClientId, secret: SecretId },
    /// An API key or a personal access token was made.
    #[serde(rename = "api_key.created")]
    ApiKeyCreated {
        actor: Actor,
        api: ApiId,
        environment: Arc<str>,
        expires_at_seconds: i64,
        key: ApiKeyId,
        kind: Arc<str>,
        owner: Arc<str>,
        scopes: Arc<str>,
    },
    /// A key that was made elsewhere was taken over.
    #[serde(rename = "api_key.imported")]
    ApiKeyImported { actor: Actor, api: ApiId, expires_at_seconds: i64, key: ApiKeyId, owner: Arc<str>, scopes: Arc<str> },
    /// A key allows less. `previous` is the first sequence of the commit that wrote it as it was; answers before `before_seconds` are asked again.
    #[serde(rename = "api_key.narrowed")]
    ApiKeyNarrowed { actor: Actor, api: ApiId, before_seconds: i64, changed: Arc<str>, key: ApiKeyId, previous: u64, until_seconds: i64 },
    /// A key allows more.
    #[serde(rename = "api_key.widened")]
    ApiKeyWidened { actor: Actor, changed: Arc<str>, key: ApiKeyId, previous: u64 },
    /// What people and programs remember of a key changed.
    #[serde(rename = "api_key.described")]
    ApiKeyDescribed { actor: Actor, changed: Arc<str>, key: ApiKeyId, previous: u64 },
    /// A key has another secret; the one before ends at `ends_at_seconds`.
    #[serde(rename = "api_key.rotated")]
    ApiKeyRotated {
        actor: Actor,
        api: ApiId,
        before_seconds: i64,
        by_itself: i64,
        ends_at_seconds: i64,
        expires_at_seconds: i64,
        generation: i64,
        key: ApiKeyId,
        previous: u64,
        until_seconds: i64,
    },
    /// A key used the secret that it gave itself for the first time.
    #[serde(rename = "api_key.secret_confirmed")]
    ApiKeySecretConfirmed { actor: Actor, generation: i64, key: ApiKeyId, previous: u64 },
    /// The secret that a key gave itself was told again, to whoever has the one before.
    #[serde(rename = "api_key.told_again")]
    ApiKeyToldAgain { actor: Actor, generation: i64, key: ApiKeyId, previous: u64 },
    /// The secret before the current one ended early.
    #[serde(rename = "api_key.secret_ended")]
    ApiKeySecretEnded {
        actor: Actor,
        api: ApiId,
        before_seconds: i64,
        ends_at_seconds: i64,
        key: ApiKeyId,
        previous: u64,
        until_seconds: i64,
    },
    /// A key has another owner.
    #[serde(rename = "api_key.transferred")]
    ApiKeyTransferred {
        actor: Actor,
        api: ApiId,
        before_seconds: i64,
        from: Arc<str>,
        key: ApiKeyId,
        previous: u64,
        to: Arc<str>,
        until_seconds: i64,
    },
    /// A key is refused until it is resumed.
    #[serde(rename = "api_key.suspended")]
    ApiKeySuspended { actor: Actor, api: ApiId, before_seconds: i64, key: ApiKeyId, previous: u64, until_seconds: i64, why: Arc<str> },
    /// A suspended key is accepted again.
    #[serde(rename = "api_key.resumed")]
    ApiKeyResumed { actor: Actor, key: ApiKeyId, previous: u64 },
    /// A key was revoked: final.
    #[serde(rename = "api_key.revoked")]
    ApiKeyRevoked { actor: Actor, api: ApiId, before_seconds: i64, key: ApiKeyId, previous: u64, until_seconds: i64, why: Arc<str> },
    /// A key that ended long ago is forgotten.
    #[serde(rename = "api_key.removed")]
    ApiKeyRemoved { actor: Actor, key: ApiKeyId },
    /// Uses of a limited key were handed out: so many in all.
    #[serde(rename = "api_key.uses_leased")]
    ApiKeyUsesLeased { actor: Actor, key: ApiKeyId, leased: i64 },
    /// One token was issued to a client by somebody else; like every other it is in its group's `credentials.issued` too.
    #[serde(rename = "token.issued")]
    TokenIssued { actor: Actor, api: ApiId, client: ClientId, token: CredentialId },
    /// One token was revoked: final.
    #[serde(rename = "token.revoked")]
    TokenRevoked {
        actor: Actor,
        api: ApiId,
        client: ClientId,
        token: CredentialId,
        until_seconds: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Arc<str>>,
    },
    /// One token is refused until it is resumed.
    #[serde(rename = "token.suspended")]
    TokenSuspended {
        actor: Actor,
        api: ApiId,
        client: ClientId,
        token: CredentialId,
        until_seconds: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Arc<str>>,
    },
    /// A suspended token is accepted again.
    #[serde(rename = "token.resumed")]
    TokenResumed { actor: Actor, api: ApiId, client: ClientId, token: CredentialId, until_seconds: i64 },
    /// Every token of a subject with `iat` before `before_seconds` is dead.
    #[serde(rename = "tokens.cut_off")]
    CutOff {
        actor: Actor,
        before_seconds: i64,
        name: Arc<str>,
        subject: CutOffSubject,
        until_seconds: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Arc<str>>,
    },
    /// Everything of a subject is refused until it is resumed.
    #[serde(rename = "subject.suspended")]
    SubjectSuspended {
        actor: Actor,
        name: Arc<str>,
        subject: CutOffSubject,
        until_seconds: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Arc<str>>,
    },
    /// What is a suspended subject's is accepted again.
    #[serde(rename = "subject.resumed")]
    SubjectResumed { actor: Actor, name: Arc<str>, subject: CutOffSubject, until_seconds: i64 },
    /// A key that a cut-off had ended says so itself now.
    #[serde(rename = "api_key.cut_off")]
    ApiKeyCutOff { actor: Actor, api: ApiId, key: ApiKeyId, previous: u64 },
    /// Somebody handed in a credential that had leaked; its end is told beside it.
    #[serde(rename = "credential.reported")]
    CredentialReported { actor: Actor, credential: Arc<str>, kind: Arc<str>, owner: Arc<str> },
    /// A signing key was made; it is published from now on.
    #[serde(rename = "signing_key.created")]
    SigningKeyCreated { actor: Actor, algorithm: Arc<str>, key: KeyId },
    /// A signing key signs from now on; the one before it is retired.
    #[serde(rename = "signing_key.activated")]
    SigningKeyActivated { actor: Actor, key: KeyId, retired: Option<KeyId> },
    /// A retired signing key is gone: no token that it signed can still live.
    #[serde(rename = "signing_key.removed")]
    SigningKeyRemoved { actor: Actor, key: KeyId },
    /// A signing key is no longer trusted: nothing it ever signed is.
    #[serde(rename = "signing_key.revoked")]
    SigningKeyRevoked {
        actor: Actor,
        key: KeyId,
        until_seconds: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Arc<str>>,
    },
    /// A level says something of the lifetimes of a kind that takes nothing from credentials that are out.
    #[serde(rename = "policy.set")]
    PolicySet {
        actor: Actor,
        default_seconds: Option<i64>,
        idle_seconds: Option<i64>,
        kind: Arc<str>,
        level: Arc<str>,
        max_seconds: Option<i64>,
        subject: Arc<str>,
    },
    /// A level lowered the maximum of a kind, or its idle time: what is older, or not used, ends.
    #[serde(rename = "policy.lowered")]
    PolicyLowered {
        actor: Actor,
        default_seconds: Option<i64>,
        idle_seconds: Option<i64>,
        kind: Arc<str>,
        level: Arc<str>,
        max_seconds: Option<i64>,
        subject: Arc<str>,
    },
    /// One credential may live beyond the maximum, until a day.
    #[serde(rename = "policy_exception.created")]
    PolicyExceptionCreated {
        actor: Actor,
        credential: Arc<str>,
        ends_at_seconds: i64,
        exception: ExceptionId,
        kind: Arc<str>,
        owner: Arc<str>,
        reason: Arc<str>,
    },
    /// An exception ended early: the maximum holds again.
    #[serde(rename = "policy_exception.ended")]
    PolicyExceptionEnded { actor: Actor, credential: Arc<str>, exception: ExceptionId },
    /// Somebody was taken in.
    #[serde(rename = "user.created")]
    UserCreated { actor: Actor, user: PersonId, username: Arc<str> },
    /// What is known of a person changed.
    #[serde(rename = "user.updated")]
    UserUpdated { actor: Actor, changed: Arc<str>, user: PersonId },
    /// A person is disabled; what is theirs is cut off beside it.
    #[serde(rename = "user.disabled")]
    UserDisabled {
        actor: Actor,
        user: PersonId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Arc<str>>,
    },
    /// A person's roles and groups count again.
    #[serde(rename = "user.enabled")]
    UserEnabled { actor: Actor, user: PersonId },
    /// A person is gone; what was theirs is cut off beside it or was before.
    #[serde(rename = "user.deleted")]
    UserDeleted { actor: Actor, user: PersonId },
    /// What failed for a person's name is forgotten: they may try again at once.
    #[serde(rename = "user.unlocked")]
    UserUnlocked { actor: Actor, user: PersonId },
    /// A person has another password, by their own doing or somebody else's.
    #[serde(rename = "user.password_set")]
    UserPasswordSet { actor: Actor, by_themselves: i64, user: PersonId },
    /// The same password of a person was hashed anew: by a stronger hash, or by ours where it had been made elsewhere.
    #[serde(rename = "user.password_renewed")]
    UserPasswordRenewed { actor: Actor, user: PersonId },
    /// Whoever did it has what is known of so many people, and the hashes of their passwords where `with_passwords` is 1.
    #[serde(rename = "users.exported")]
    UsersExported { actor: Actor, count: u64, with_passwords: i64 },
    /// A person has a second factor, which they prove whenever they sign in.
    #[serde(rename = "user.second_factor_set")]
    UserSecondFactorSet { actor: Actor, user: PersonId },
    /// A person has no second factor any more, by their own doing or somebody else's.
    #[serde(rename = "user.second_factor_removed")]
    UserSecondFactorRemoved { actor: Actor, by_themselves: i64, user: PersonId },
    /// A person has another sheet of recovery codes; the one before is worth nothing.
    #[serde(rename = "user.recovery_codes_set")]
    UserRecoveryCodesSet { actor: Actor, user: PersonId },
    /// A recovery code of a person was used, and is worth nothing any more; so many are left.
    #[serde(rename = "user.recovery_code_used")]
    UserRecoveryCodeUsed { actor: Actor, left: u64, user: PersonId },
    /// A person has a passkey more: it alone signs them in.
    #[serde(rename = "passkey.added")]
    PasskeyAdded { actor: Actor, passkey: PasskeyId, user: PersonId },
    /// A passkey of a person signs nobody in any more, by their own doing or somebody else's.
    #[serde(rename = "passkey.removed")]
    PasskeyRemoved { actor: Actor, by_themselves: i64, passkey: PasskeyId, user: PersonId },
    /// Somebody gets a link to choose a password by, or to show that letters reach them; those of the same purpose that they had are good for nothing.
    #[serde(rename = "link.made")]
    LinkMade { actor: Actor, expires_at_seconds: i64, link: LinkId, purpose: Arc<str>, user: PersonId },
    /// A link was used, and is good for nothing any more.
    #[serde(rename = "link.used")]
    LinkUsed { actor: Actor, link: LinkId, purpose: Arc<str>, user: PersonId },
    /// A provider by which people sign in was made.
    #[serde(rename = "provider.created")]
    ProviderCreated { actor: Actor, issuer: Arc<str>, name: Arc<str>, provider: ProviderId },
    /// What was agreed with a provider changed.
    #[serde(rename = "provider.updated")]
    ProviderUpdated { actor: Actor, changed: Arc<str>, provider: ProviderId },
    /// A provider is gone: nobody signs in by it any more.
    #[serde(rename = "provider.deleted")]
    ProviderDeleted { actor: Actor, provider: ProviderId },
    /// It is known who somebody is at a provider: they sign in by it from now on.
    #[serde(rename = "identity.linked")]
    IdentityLinked { actor: Actor, provider: ProviderId, user: PersonId },
    /// Somebody took back that they sign in by a provider.
    #[serde(rename = "identity.unlinked")]
    IdentityUnlinked { actor: Actor, provider: ProviderId, user: PersonId },
    /// Somebody signed in.
    #[serde(rename = "session.created")]
    SessionCreated {
        acr: Arc<str>,
        actor: Actor,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<Arc<str>>,
        amr: Arc<str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network: Option<Arc<str>>,
        session: SessionId,
        user: PersonId,
    },
    /// Somebody who is signed in proved once more who they are: the session has another secret.
    #[serde(rename = "session.renewed")]
    SessionRenewed { acr: Arc<str>, actor: Actor, amr: Arc<str>, session: SessionId, user: PersonId },
    /// A session is over; what went with it ends beside it.
    #[serde(rename = "session.ended")]
    SessionEnded { actor: Actor, session: SessionId, user: PersonId },
    /// A person said what a client may have: of an API, or, where none is named, of who they are.
    #[serde(rename = "consent.given")]
    ConsentGiven { actor: Actor, api: Arc<str>, client: ClientId, expires_at_seconds: i64, scopes: Arc<str>, user: PersonId },
    /// What a person said of a client does not hold any more; its grants end beside it.
    #[serde(rename = "consent.withdrawn")]
    ConsentWithdrawn { actor: Actor, client: ClientId, user: PersonId, why: Option<Arc<str>> },
    /// A client acts for a person from now on.
    #[serde(rename = "grant.created")]
    GrantCreated {
        actor: Actor,
        api: ApiId,
        client: ClientId,
        expires_at_seconds: i64,
        grant: GrantId,
        identity: Arc<str>,
        origin: Arc<str>,
        scopes: Arc<str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionId>,
        user: PersonId,
    },
    /// A client acts for a person no longer; the tokens of the grant are cut off beside it.
    #[serde(rename = "grant.ended")]
    GrantEnded {
        actor: Actor,
        client: ClientId,
        grant: GrantId,
        user: PersonId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Arc<str>>,
    },
    /// A refresh token that was spent was presented again, too late to be a repeated request: the grant ended.
    #[serde(rename = "grant.reused")]
    GrantReused {
        actor: Actor,
        client: ClientId,
        current: u32,
        generation: u32,
        grant: GrantId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network: Option<Arc<str>>,
        user: PersonId,
    },
    /// A code was given for a request without a challenge, to a client that needs none.
    #[serde(rename = "code.unchallenged")]
    CodeUnchallenged { actor: Actor, client: ClientId, grant: GrantId, user: PersonId },
    /// A code that was used was presented again: what it gave ended.
    #[serde(rename = "code.replayed")]
    CodeReplayed { actor: Actor, client: ClientId, grant: GrantId, user: PersonId },
    /// A refresh whose answer was lost was answered once more, after the window for that.
    #[serde(rename = "grant.recovered")]
    GrantRecovered { actor: Actor, client: ClientId, generation: u32, grant: GrantId, user: PersonId },
    /// What was restored knows refresh tokens to be spent that were spent after that time.
    #[serde(rename = "grant.advanced")]
    GrantAdvanced { actor: Actor, generation: u32, grant: GrantId },
    /// So many sessions, grants and consents that ended long ago are forgotten, or rows of what somebody signed in with and allowed who is deleted.
    #[serde(rename = "sign_ins.removed")]
    SignInsRemoved { actor: Actor, count: u64 },
    /// A group was made.
    #[serde(rename = "group.created")]
    GroupCreated { actor: Actor, group: GroupId, name: Arc<str> },
    /// A group's name or description changed.
    #[serde(rename = "group.updated")]
    GroupUpdated { actor: Actor, changed: Arc<str>, group: GroupId },
    /// A group is gone, and with it what its members had by it.
    #[serde(rename = "group.deleted")]
    GroupDeleted { actor: Actor, group: GroupId },
    /// Somebody is in a group.
    #[serde(rename = "membership.added")]
    MembershipAdded { actor: Actor, group: GroupId, user: PersonId },
    /// Somebody is in a group no longer.
    #[serde(rename = "membership.removed")]
    MembershipRemoved { actor: Actor, group: GroupId, user: PersonId },
    /// A role was made, which nobody holds yet.
    #[serde(rename = "role.created")]
    RoleCreated { actor: Actor, api: ApiId, name: Arc<str>, role: RoleId, scopes: Arc<str> },
    /// A role's name or description changed.
    #[serde(rename = "role.updated")]
    RoleUpdated { actor: Actor, changed: Arc<str>, role: RoleId },
    /// A role gives these scopes too.
    #[serde(rename = "role.widened")]
    RoleWidened { actor: Actor, role: RoleId, scopes: Arc<str> },
    /// A role gives these scopes no longer.
    #[serde(rename = "role.narrowed")]
    RoleNarrowed { actor: Actor, role: RoleId, scopes: Arc<str> },
    /// A role is gone, and nobody has anything by it.
    #[serde(rename = "role.deleted")]
    RoleDeleted { actor: Actor, role: RoleId },
    /// A person or a group holds a role.
    #[serde(rename = "role.assigned")]
    RoleAssigned { actor: Actor, role: RoleId, subject: Arc<str> },
    /// A person or a group holds a role no longer.
    #[serde(rename = "role.unassigned")]
    RoleUnassigned { actor: Actor, role: RoleId, subject: Arc<str> },
    /// A credential ends in so many days, or an exception from a policy does.
    #[serde(rename = "credential.expiring")]
    CredentialExpiring { actor: Actor, credential: Arc<str>, days: i64, expires_at_seconds: i64, kind: Arc<str>, owner: Arc<str> },
    /// Secrets are kept under a new epoch of the root key.
    #[serde(rename = "root_key.rotated")]
    RootKeyRotated { actor: Actor, epoch: u16 },
    /// A snapshot is whole on the backup target; `sequence` is where it ends.
    #[serde(rename = "backup.completed")]
    BackupCompleted { actor: Actor, bytes: u64, sequence: u64, snapshot: Arc<str> },
    /// A snapshot did not come to its end.
    #[serde(rename = "backup.failed")]
    BackupFailed { actor: Actor, why: Arc<str> },
    /// The backup target does not take the ledger's tail any more; `sequence` is how far it has it.
    #[serde(rename = "backup.target_lost")]
    BackupTargetLost { actor: Actor, sequence: u64, why: Arc<str> },
    /// The backup target has the tail again.
    #[serde(rename = "backup.target_found")]
    BackupTargetFound { actor: Actor, sequence: u64 },
    /// Another server, which went on from a backup of this ledger, ships to the same target; `incarnation` is that of its tail.
    #[serde(rename = "backup.other_found")]
    BackupOtherFound { actor: Actor, incarnation: Arc<str> },
    /// A server went on with another backup target, or with none; where that of before has not `heard` so, nobody may restore from it.
    #[serde(rename = "backup.target_left")]
    BackupTargetLeft { actor: Actor, heard: bool, target: Arc<str> },
    /// A backup was restored apart and found to be what it must be. `digest` is over its rows, `identity` is who opened it.
    #[serde(rename = "backup.drilled")]
    BackupDrilled { actor: Actor, digest: Arc<str>, identity: Arc<str>, receipt: Arc<str>, seconds: i64, sequence: u64, snapshot: Arc<str> },
    /// A drill failed.
    #[serde(rename = "backup.drill_failed")]
    BackupDrillFailed { actor: Actor, snapshot: Arc<str>, why: Arc<str> },
    /// What was revoked after entry `size` may be lost: what was made before `before_seconds` is refused until the gap is accepted.
    #[serde(rename = "gap.opened")]
    GapOpened { actor: Actor, before_seconds: i64, size: u64 },
    /// An operator took it upon themselves that nothing is missing which anybody must be refused for.
    #[serde(rename = "gap.accepted")]
    GapAccepted { actor: Actor, size: u64 },
    /// What so many entries said of a person is gone, and so many reasons in rows of others; `user.erased` follows once all of it is.
    #[serde(rename = "entries.erased")]
    EntriesErased {
        actor: Actor,
        entries: u64,
        #[serde(default, skip_serializing_if = "is_none")]
        reasons: u64,
        user: PersonId,
    },
    /// A person was forgotten, and with them what so many entries said in all.
    #[serde(rename = "user.erased")]
    UserErased { actor: Actor, entries: u64, user: PersonId },
    /// A token that was revoked to see it refused was not refused in time.
    #[serde(rename = "canary.failed")]
    CanaryFailed { actor: Actor, why: Arc<str> },
}

#[cfg(test)]
mod tests {
    use super::encoded::kind_and_payload;
    use super::*;

    #[test]
    fn an_event_keeps_its_canonical_form() {
        let event = Event::TokenRevoked {
            actor: Actor::from("client:c1"),
            api: ApiId::from("a1"),
            client: ClientId::from("c1"),
            token: CredentialId([0xab; 16]),
            until_seconds: 1_700_000_000,
            why: None,
        };
        let Encoded { kind, payload } = event.encode().unwrap();
        assert_eq!(kind, "token.revoked");
        assert_eq!(
            String::from_utf8_lossy(&payload),
            r#"{"actor":"client:c1","api":"a1","client":"c1","token":"abababababababababababababababab","until_seconds":1700000000}"#
        );
        assert_eq!(Event::decode(&kind, &payload), Ok(event));
    }

    /// Where nobody said why, an entry is as it was before anybody could.
    #[test]
    fn why_is_told_where_it_was_said() {
        let suspended = |why: Option<&str>| Event::SubjectSuspended {
            actor: Actor::from("unix:0"),
            name: "c1".into(),
            subject: CutOffSubject::Client,
            until_seconds: 9,
            why: why.map(Arc::from),
        };
        for (why, expected) in [
            (None, r#"{"actor":"unix:0","name":"c1","subject":"client","until_seconds":9}"#),
            (Some("case 4711"), r#"{"actor":"unix:0","name":"c1","subject":"client","until_seconds":9,"why":"case 4711"}"#),
        ] {
            let Encoded { kind, payload } = suspended(why).encode().unwrap();
            assert_eq!(String::from_utf8_lossy(&payload), expected);
            assert_eq!(Event::decode(&kind, &payload), Ok(suspended(why)));
        }
    }

    /// An entry without a payload would be in the ledger for ever, and nobody could read on past it.
    #[test]
    fn what_has_another_shape_is_not_written() {
        assert_eq!(kind_and_payload(r#"{"kind":"a.b","data":{"c":1}}"#), Some(("a.b", r#"{"c":1}"#)));
        for written in [
            "",
            "{}",
            r#""a.b""#,
            r#"{"kind":"a.b"}"#,
            r#"{"kind":"a.b","data":1}"#,
            r#"{"kind":"","data":{}}"#,
            r#"{"data":{},"kind":"a.b"}"#,
        ] {
            assert_eq!(kind_and_payload(written), None, "{written}");
        }
    }

    #[test]
    fn an_unknown_kind_or_member_is_not_read() {
        for (kind, payload) in
            [("token.blessed", "{}"), ("root_key.rotated", r#"{"actor":"a","epoch":1,"more":2}"#), ("root_key.rotated", "[")]
        {
            assert_eq!(Event::decode(kind, payload.as_bytes()), Err(UnknownEvent { kind: kind.into() }), "{payload}");
        }
    }
}
