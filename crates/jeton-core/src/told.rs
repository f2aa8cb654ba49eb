//! What an event says of rows: whoever checks a store compares the two.

use std::sync::Arc;

use crate::event::Event;
use crate::id::ApiId;
use crate::record::Table;
use crate::token::negative::Says;
use crate::{api, client, group, key, person, provider, role};

/// What is so of rows once an event is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A table has a row of this id.
    Kept(&'static Table, Arc<str>),
    /// A table has no row of this id any more.
    Gone(&'static Table, Arc<str>),
    /// A negative says this until a time, in seconds.
    Negative(Says, i64),
    /// Nothing that the event alone tells.
    Nothing,
}

/// What an event says of rows; `audience_of` knows the audience of each API that was declared before it. Exhaustive on purpose: whoever adds
/// a kind decides.
#[must_use]
pub fn told(event: &Event, audience_of: impl Fn(&ApiId) -> Arc<str>) -> Told {
    match event {
        Event::ApiCreated { api, .. } => Told::Kept(&api::TABLE, api.0.clone()),
        Event::ApiDeleted { api, .. } => Told::Gone(&api::TABLE, api.0.clone()),
        Event::ClientCreated { client, .. } => Told::Kept(&client::TABLE, client.0.clone()),
        Event::UserDeleted { user, .. } | Event::UserErased { user, .. } => Told::Gone(&person::TABLE, user.0.clone()),
        Event::ClientDeleted { client, .. } => Told::Gone(&client::TABLE, client.0.clone()),
        Event::SigningKeyCreated { key, .. } => Told::Kept(&key::TABLE, key.0.clone()),
        Event::SigningKeyRemoved { key, .. } => Told::Gone(&key::TABLE, key.0.clone()),
        Event::UserCreated { user, .. } => Told::Kept(&person::TABLE, user.0.clone()),
        Event::GroupCreated { group, .. } => Told::Kept(&group::TABLE, group.0.clone()),
        Event::GroupDeleted { group, .. } => Told::Gone(&group::TABLE, group.0.clone()),
        Event::ProviderCreated { provider, .. } => Told::Kept(&provider::TABLE, provider.0.clone()),
        Event::ProviderDeleted { provider, .. } => Told::Gone(&provider::TABLE, provider.0.clone()),
        Event::RoleCreated { role, .. } => Told::Kept(&role::TABLE, role.0.clone()),
        Event::RoleDeleted { role, .. } => Told::Gone(&role::TABLE, role.0.clone()),
        Event::TokenRevoked { api, token, until_seconds, .. } => Told::Negative(Says::Revoked(*token, audience_of(api)), *until_seconds),
        Event::TokenSuspended { api, token, until_seconds, .. } => {
            Told::Negative(Says::Suspended(*token, audience_of(api)), *until_seconds)
        }
        Event::TokenResumed { api, token, until_seconds, .. } => Told::Negative(Says::Resumed(*token, audience_of(api)), *until_seconds),
        Event::CutOff { subject, name, before_seconds, until_seconds, .. } => {
            Told::Negative(Says::CutOff(*subject, name.clone(), *before_seconds), *until_seconds)
        }
        Event::SubjectSuspended { subject, name, until_seconds, .. } => {
            Told::Negative(Says::SubjectSuspended(*subject, name.clone()), *until_seconds)
        }
        Event::SubjectResumed { subject, name, until_seconds, .. } => {
            Told::Negative(Says::SubjectResumed(*subject, name.clone()), *until_seconds)
        }
        Event::ApiLifetimeLowered { api, before_seconds, seconds, until_seconds, .. } => {
            Told::Negative(Says::Lifetime(audience_of(api), *seconds, *before_seconds), *until_seconds)
        }
        Event::SigningKeyRevoked { key, until_seconds, .. } => Told::Negative(Says::KeyRevoked(key.clone()), *until_seconds),
        Event::ApiKeyNarrowed { api, key, before_seconds, until_seconds, .. }
        | Event::ApiKeyRotated { api, key, before_seconds, until_seconds, .. }
        | Event::ApiKeySecretEnded { api, key, before_seconds, until_seconds, .. }
        | Event::ApiKeyTransferred { api, key, before_seconds, until_seconds, .. }
        | Event::ApiKeySuspended { api, key, before_seconds, until_seconds, .. }
        | Event::ApiKeyRevoked { api, key, before_seconds, until_seconds, .. } => {
            Told::Negative(Says::ApiKeyChanged(*key, api.clone(), *before_seconds), *until_seconds)
        }
        Event::DeploymentCreated { .. }
        | Event::IncarnationOpened { .. }
        | Event::Issued { .. }
        | Event::ApiUpdated { .. }
        | Event::ApiWidened { .. }
        | Event::ApiNarrowed { .. }
        | Event::ClientUpdated { .. }
        | Event::ClientWidened { .. }
        | Event::ClientNarrowed { .. }
        | Event::ClientSecretCreated { .. }
        | Event::ClientSecretEnded { .. }
        | Event::ClientSecretSuspended { .. }
        | Event::ClientSecretResumed { .. }
        | Event::ClientSecretRemoved { .. }
        | Event::CredentialExpiring { .. }
        | Event::ApiKeyCreated { .. }
        | Event::ApiKeyImported { .. }
        | Event::ApiKeyWidened { .. }
        | Event::ApiKeyDescribed { .. }
        | Event::ApiKeySecretConfirmed { .. }
        | Event::ApiKeyToldAgain { .. }
        | Event::ApiKeyResumed { .. }
        | Event::ApiKeyRemoved { .. }
        | Event::ApiKeyCutOff { .. }
        | Event::CredentialReported { .. }
        | Event::ApiKeyUsesLeased { .. }
        | Event::TokenIssued { .. }
        | Event::SigningKeyActivated { .. }
        | Event::PolicySet { .. }
        | Event::PolicyLowered { .. }
        | Event::PolicyExceptionCreated { .. }
        | Event::PolicyExceptionEnded { .. }
        | Event::UserUpdated { .. }
        | Event::UserDisabled { .. }
        | Event::UserEnabled { .. }
        | Event::UserUnlocked { .. }
        | Event::UserPasswordRenewed { .. }
        | Event::UsersExported { .. }
        | Event::LinkMade { .. }
        | Event::LinkUsed { .. }
        | Event::ProviderUpdated { .. }
        | Event::IdentityLinked { .. }
        | Event::IdentityUnlinked { .. }
        | Event::UserPasswordSet { .. }
        | Event::UserSecondFactorSet { .. }
        | Event::UserSecondFactorRemoved { .. }
        | Event::UserRecoveryCodesSet { .. }
        | Event::UserRecoveryCodeUsed { .. }
        | Event::PasskeyAdded { .. }
        | Event::PasskeyRemoved { .. }
        | Event::SessionCreated { .. }
        | Event::SessionRenewed { .. }
        | Event::SessionEnded { .. }
        | Event::ConsentGiven { .. }
        | Event::ConsentWithdrawn { .. }
        | Event::CodeUnchallenged { .. }
        | Event::GrantCreated { .. }
        | Event::GrantEnded { .. }
        | Event::GrantReused { .. }
        | Event::CodeReplayed { .. }
        | Event::GrantRecovered { .. }
        | Event::GrantAdvanced { .. }
        | Event::SignInsRemoved { .. }
        | Event::GroupUpdated { .. }
        | Event::MembershipAdded { .. }
        | Event::MembershipRemoved { .. }
        | Event::RoleUpdated { .. }
        | Event::RoleWidened { .. }
        | Event::RoleNarrowed { .. }
        | Event::RoleAssigned { .. }
        | Event::RoleUnassigned { .. }
        | Event::BackupCompleted { .. }
        | Event::BackupFailed { .. }
        | Event::BackupTargetLost { .. }
        | Event::BackupTargetFound { .. }
        | Event::BackupOtherFound { .. }
        | Event::BackupTargetLeft { .. }
        | Event::BackupDrilled { .. }
        | Event::BackupDrillFailed { .. }
        | Event::GapOpened { .. }
        | Event::GapAccepted { .. }
        | Event::EntriesErased { .. }
        | Event::CanaryFailed { .. }
        | Event::RootKeyRotated { .. } => Told::Nothing,
    }
}
