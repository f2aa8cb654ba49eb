//! What each kind of event does to authority.

use super::Event;

impl Event {
    /// Whether it takes authority away. Exhaustive on purpose: whoever adds a kind decides.
    #[must_use]
    pub fn is_narrowing(&self) -> bool {
        match self {
            Event::ApiDeleted { .. }
            | Event::ApiLifetimeLowered { .. }
            | Event::ApiNarrowed { .. }
            | Event::ClientNarrowed { .. }
            | Event::ClientDeleted { .. }
            | Event::ClientSecretEnded { .. }
            | Event::ClientSecretSuspended { .. }
            | Event::ApiKeyNarrowed { .. }
            | Event::ApiKeySecretEnded { .. }
            | Event::ApiKeySuspended { .. }
            | Event::ApiKeyRevoked { .. }
            | Event::TokenRevoked { .. }
            | Event::TokenSuspended { .. }
            | Event::SubjectSuspended { .. }
            | Event::CutOff { .. }
            | Event::PolicyLowered { .. }
            | Event::PolicyExceptionEnded { .. }
            | Event::UserDisabled { .. }
            | Event::UserDeleted { .. }
            | Event::ProviderDeleted { .. }
            | Event::IdentityUnlinked { .. }
            | Event::PasskeyRemoved { .. }
            | Event::SessionEnded { .. }
            | Event::ConsentWithdrawn { .. }
            | Event::GrantEnded { .. }
            | Event::GrantReused { .. }
            | Event::CodeReplayed { .. }
            | Event::GroupDeleted { .. }
            | Event::MembershipRemoved { .. }
            | Event::RoleNarrowed { .. }
            | Event::RoleDeleted { .. }
            | Event::RoleUnassigned { .. }
            | Event::GapOpened { .. }
            | Event::EntriesErased { .. }
            | Event::UserErased { .. }
            | Event::SigningKeyRevoked { .. } => true,
            Event::DeploymentCreated { .. }
            | Event::IncarnationOpened { .. }
            | Event::Issued { .. }
            | Event::ApiCreated { .. }
            | Event::ApiUpdated { .. }
            | Event::ApiWidened { .. }
            | Event::ClientCreated { .. }
            | Event::ClientUpdated { .. }
            | Event::ClientWidened { .. }
            | Event::ClientSecretCreated { .. }
            | Event::ClientSecretResumed { .. }
            | Event::ClientSecretRemoved { .. }
            | Event::CredentialExpiring { .. }
            | Event::ApiKeyCreated { .. }
            | Event::ApiKeyImported { .. }
            | Event::ApiKeyWidened { .. }
            | Event::ApiKeyRotated { .. }
            | Event::ApiKeyTransferred { .. }
            | Event::ApiKeyResumed { .. }
            | Event::ApiKeyUsesLeased { .. }
            | Event::ApiKeyDescribed { .. }
            | Event::ApiKeySecretConfirmed { .. }
            | Event::ApiKeyToldAgain { .. }
            | Event::ApiKeyRemoved { .. }
            | Event::ApiKeyCutOff { .. }
            | Event::CredentialReported { .. }
            | Event::TokenIssued { .. }
            | Event::TokenResumed { .. }
            | Event::SubjectResumed { .. }
            | Event::PolicySet { .. }
            | Event::PolicyExceptionCreated { .. }
            | Event::UserCreated { .. }
            | Event::UserEnabled { .. }
            | Event::LinkMade { .. }
            | Event::LinkUsed { .. }
            | Event::ProviderCreated { .. }
            | Event::ProviderUpdated { .. }
            | Event::IdentityLinked { .. }
            | Event::UserPasswordSet { .. }
            | Event::UserSecondFactorSet { .. }
            | Event::UserSecondFactorRemoved { .. }
            | Event::UserRecoveryCodesSet { .. }
            | Event::UserRecoveryCodeUsed { .. }
            | Event::PasskeyAdded { .. }
            | Event::SessionCreated { .. }
            | Event::SessionRenewed { .. }
            | Event::ConsentGiven { .. }
            | Event::CodeUnchallenged { .. }
            | Event::GrantCreated { .. }
            | Event::GrantRecovered { .. }
            | Event::GrantAdvanced { .. }
            | Event::SignInsRemoved { .. }
            | Event::MembershipAdded { .. }
            | Event::RoleCreated { .. }
            | Event::RoleWidened { .. }
            | Event::RoleAssigned { .. }
            | Event::UserUpdated { .. }
            | Event::UserUnlocked { .. }
            | Event::UserPasswordRenewed { .. }
            | Event::UsersExported { .. }
            | Event::GroupCreated { .. }
            | Event::GroupUpdated { .. }
            | Event::RoleUpdated { .. }
            | Event::SigningKeyCreated { .. }
            | Event::SigningKeyActivated { .. }
            | Event::SigningKeyRemoved { .. }
            | Event::BackupCompleted { .. }
            | Event::BackupFailed { .. }
            | Event::BackupTargetLost { .. }
            | Event::BackupTargetFound { .. }
            | Event::BackupOtherFound { .. }
            | Event::BackupTargetLeft { .. }
            | Event::BackupDrilled { .. }
            | Event::BackupDrillFailed { .. }
            | Event::GapAccepted { .. }
            | Event::CanaryFailed { .. }
            | Event::RootKeyRotated { .. } => false,
        }
    }

    /// Whether it takes anything away, whatever it gives beside it: a restore to an earlier time does not give that back.
    #[must_use]
    pub fn takes(&self) -> bool {
        let takes_beside = matches!(
            self,
            Event::ApiUpdated { .. }
                | Event::ClientUpdated { .. }
                | Event::ClientSecretCreated { .. }
                | Event::ApiKeyRotated { .. }
                | Event::ApiKeyTransferred { .. }
                | Event::ApiKeyUsesLeased { .. }
                | Event::PolicySet { .. }
                | Event::UserUpdated { .. }
                | Event::UserPasswordSet { .. }
                | Event::UserSecondFactorSet { .. }
                | Event::UserRecoveryCodesSet { .. }
                | Event::UserRecoveryCodeUsed { .. }
                | Event::LinkMade { .. }
                | Event::LinkUsed { .. }
                | Event::ProviderUpdated { .. }
                | Event::SessionRenewed { .. }
                | Event::GrantRecovered { .. }
                | Event::GrantAdvanced { .. }
                | Event::RoleUpdated { .. }
        );
        takes_beside || self.is_narrowing()
    }

    /// Whether it gives authority to somebody. Keys that replace a revoked one give none: without them nothing could be issued again.
    #[must_use]
    pub fn is_granting(&self) -> bool {
        match self {
            Event::Issued { .. }
            | Event::ApiCreated { .. }
            | Event::ApiWidened { .. }
            | Event::ClientCreated { .. }
            | Event::ClientUpdated { .. }
            | Event::ClientWidened { .. }
            | Event::ClientSecretCreated { .. }
            | Event::ClientSecretResumed { .. }
            | Event::ApiKeyCreated { .. }
            | Event::ApiKeyImported { .. }
            | Event::ApiKeyWidened { .. }
            | Event::ApiKeyRotated { .. }
            | Event::ApiKeyTransferred { .. }
            | Event::ApiKeyResumed { .. }
            | Event::ApiKeyUsesLeased { .. }
            | Event::TokenIssued { .. }
            | Event::TokenResumed { .. }
            | Event::SubjectResumed { .. }
            | Event::PolicySet { .. }
            | Event::PolicyExceptionCreated { .. }
            | Event::UserCreated { .. }
            | Event::UserEnabled { .. }
            | Event::UserPasswordSet { .. }
            | Event::UserSecondFactorSet { .. }
            | Event::UserSecondFactorRemoved { .. }
            | Event::UserRecoveryCodesSet { .. }
            | Event::LinkMade { .. }
            | Event::ProviderCreated { .. }
            | Event::ProviderUpdated { .. }
            | Event::IdentityLinked { .. }
            | Event::PasskeyAdded { .. }
            | Event::SessionCreated { .. }
            | Event::SessionRenewed { .. }
            | Event::ConsentGiven { .. }
            | Event::GrantCreated { .. }
            | Event::MembershipAdded { .. }
            | Event::RoleCreated { .. }
            | Event::RoleWidened { .. }
            | Event::GapAccepted { .. }
            | Event::RoleAssigned { .. } => true,
            Event::DeploymentCreated { .. }
            | Event::IncarnationOpened { .. }
            | Event::ApiUpdated { .. }
            | Event::ApiNarrowed { .. }
            | Event::ClientNarrowed { .. }
            | Event::ApiDeleted { .. }
            | Event::ApiLifetimeLowered { .. }
            | Event::ClientDeleted { .. }
            | Event::ClientSecretEnded { .. }
            | Event::ClientSecretSuspended { .. }
            | Event::ClientSecretRemoved { .. }
            | Event::CredentialExpiring { .. }
            | Event::ApiKeyNarrowed { .. }
            | Event::ApiKeySecretEnded { .. }
            | Event::ApiKeySuspended { .. }
            | Event::ApiKeyRevoked { .. }
            | Event::ApiKeyDescribed { .. }
            | Event::ApiKeySecretConfirmed { .. }
            | Event::ApiKeyToldAgain { .. }
            | Event::ApiKeyRemoved { .. }
            | Event::ApiKeyCutOff { .. }
            | Event::CredentialReported { .. }
            | Event::TokenRevoked { .. }
            | Event::TokenSuspended { .. }
            | Event::SubjectSuspended { .. }
            | Event::CutOff { .. }
            | Event::PolicyLowered { .. }
            | Event::PolicyExceptionEnded { .. }
            | Event::UserDisabled { .. }
            | Event::UserDeleted { .. }
            | Event::SessionEnded { .. }
            | Event::ConsentWithdrawn { .. }
            | Event::GrantEnded { .. }
            | Event::GrantReused { .. }
            | Event::CodeUnchallenged { .. }
            | Event::CodeReplayed { .. }
            | Event::GrantRecovered { .. }
            | Event::GrantAdvanced { .. }
            | Event::SignInsRemoved { .. }
            | Event::GroupDeleted { .. }
            | Event::MembershipRemoved { .. }
            | Event::RoleNarrowed { .. }
            | Event::RoleDeleted { .. }
            | Event::RoleUnassigned { .. }
            | Event::UserUpdated { .. }
            | Event::UserUnlocked { .. }
            | Event::UserPasswordRenewed { .. }
            | Event::UsersExported { .. }
            | Event::UserRecoveryCodeUsed { .. }
            | Event::LinkUsed { .. }
            | Event::ProviderDeleted { .. }
            | Event::IdentityUnlinked { .. }
            | Event::PasskeyRemoved { .. }
            | Event::GroupCreated { .. }
            | Event::GroupUpdated { .. }
            | Event::RoleUpdated { .. }
            | Event::SigningKeyCreated { .. }
            | Event::SigningKeyActivated { .. }
            | Event::SigningKeyRemoved { .. }
            | Event::SigningKeyRevoked { .. }
            | Event::BackupCompleted { .. }
            | Event::BackupFailed { .. }
            | Event::BackupTargetLost { .. }
            | Event::BackupTargetFound { .. }
            | Event::BackupOtherFound { .. }
            | Event::BackupTargetLeft { .. }
            | Event::BackupDrilled { .. }
            | Event::BackupDrillFailed { .. }
            | Event::GapOpened { .. }
            | Event::EntriesErased { .. }
            | Event::UserErased { .. }
            | Event::CanaryFailed { .. }
            | Event::RootKeyRotated { .. } => false,
        }
    }
}
