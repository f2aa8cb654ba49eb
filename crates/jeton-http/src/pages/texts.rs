//! What people read: all texts of a language lie in one file, and a text that is missing there, or too much, is an error of the build.

use std::sync::LazyLock;

use serde::Deserialize;

/// The texts of a language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    /// The language, for the attribute `lang`.
    pub(crate) lang: String,
    pub(crate) dates: Dates,
    pub(crate) frame: Frame,
    pub(crate) sign_in: SignIn,
    pub(crate) second_step: SecondStep,
    pub(crate) second_factor: SecondFactor,
    pub(crate) consent: Consent,
    pub(crate) device: Device,
    pub(crate) scopes: Scopes,
    pub(crate) account: Account,
    pub(crate) sessions: Sessions,
    pub(crate) applications: Applications,
    pub(crate) tokens: Tokens,
    pub(crate) activity: Activity,
    pub(crate) link: Link,
    pub(crate) logout: Logout,
    pub(crate) forgot: Forgot,
    pub(crate) address: Address,
    pub(crate) providers: Providers,
    pub(crate) password: Password,
    pub(crate) passkeys: Passkeys,
    pub(crate) letter: Letter,
    pub(crate) go_on: GoOn,
    pub(crate) problem: Problems,
}

/// How times are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dates {
    pub(crate) day: String,
    pub(crate) minute: String,
    pub(crate) months: [String; 12],
}

/// Declares a table of the file: each name is a text.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident { $($text:ident)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name { $(pub(crate) $text: String,)+ }
    )+};
}

texts! {
    /// Around every page.
    Frame { footer }
    /// Where people sign in.
    SignIn {
        title lead lead_here lead_device username password submit refused busy fenced provider_fenced again too_often too_often_minute too_often_moment
        with_provider with_passkey no_passkey passkey_refused passkey_fenced
    }
    /// Where they show their second factor beside it.
    SecondStep { title lead lead_here code hint submit refused another }
    /// Where they set and remove it.
    SecondFactor {
        link title none_lead scan picture address set_hint code set refused since left prove remove renew codes_title codes_lead codes_note done
        removed_title removed back
    }
    /// Where people say yes or no.
    Consent {
        title lead not_you use_another new already until goes_to this_computer an_application loopback_warning client_id contact allow
        deny changed
    }
    /// Where people say yes or no to a device.
    Device {
        title lead enter_warning code submit no_code unknown too_often started_title warning shows asked_from nowhere allowed_title allowed
        denied_title denied nothing
    }
    /// What a client may know of somebody, in words.
    Scopes { openid profile email offline_access of_api }
    /// Who is signed in.
    Account {
        title signed_in_as since sessions applications tokens activity sign_out signed_out_title signed_out sign_in_again back
    }
    /// Where somebody is signed in.
    Sessions { title lead here unknown_agent agent_from began seen end end_label end_others }
    /// What somebody let applications do.
    Applications { title lead none may since used withdraw withdraw_label client_id }
    /// Somebody's personal access tokens.
    Tokens {
        title lead none may_nothing of_api scope nothing made ends used unused suspended revoke revoke_label make make_for
        new_title new_lead name scopes lives days default submit refused too_many made_title made_lead made_text list
    }
    /// What happened to somebody.
    Activity {
        title lead none more by_you by_server by_other
        session_created session_created_from session_renewed session_ended password_set cut_off suspended resumed
        consent_given consent_withdrawn grant_created grant_ended grant_reused code_replayed
        key_created key_revoked key_rotated key_expiring
        user_created user_updated user_disabled user_enabled user_unlocked
        second_factor_set second_factor_removed recovery_codes_set recovery_code_used passkey_added passkey_removed link_made link_used identity_linked
        identity_unlinked
        membership_added membership_removed role_assigned role_unassigned
    }
    /// What somebody does who got a link.
    Link { welcome another confirm lead_password lead_confirm password submit_password submit_confirm }
    /// Where somebody is asked who signs out of an application.
    Logout { title lead lead_application stay }
    /// What somebody does who forgot their password.
    Forgot { link title lead who submit back asked_title asked }
    /// Whether letters reach somebody.
    Address { link title none known unknown submit asked }
    /// By which providers somebody signs in.
    Providers { link title lead none since connect disconnect disconnect_label refused last }
    /// Where somebody chooses another password.
    Password { link title lead present chosen hint submit refused changed }
    /// By which passkeys somebody signs in.
    Passkeys {
        link title lead none since used unused remove remove_label last add_title absent name some_name hint add refused many bad_name
    }
    /// What letters say.
    Letter {
        greeting closing invitation_subject invitation password_reset_subject password_reset email_verification_subject email_verification
        api_key personal_access_token client_secret policy_exception named
        ends_subject ends ends_tomorrow days leaked_subject leaked suspended_subject suspended account_suspended_subject account_suspended
        password_set_subject password_set second_factor_reset_subject second_factor_reset passkey_added_subject passkey_added passkey_reset_subject passkey_reset
    }
    /// An answer that is posted.
    GoOn { title lead submit }
    /// What went wrong, and why.
    Problem { title text }
}

/// What can go wrong.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Problems {
    pub(crate) when: String,
    pub(crate) advice_application: String,
    pub(crate) advice_back: String,
    pub(crate) advice_later: String,
    pub(crate) advice_letter: String,
    pub(crate) advice_provider: String,
    pub(crate) request: Problem,
    pub(crate) client: Problem,
    pub(crate) pushed: Problem,
    pub(crate) hint: Problem,
    pub(crate) redirect: Problem,
    pub(crate) grant: Problem,
    pub(crate) flow: Problem,
    pub(crate) link: Problem,
    pub(crate) provider: Problem,
    pub(crate) form: Problem,
    pub(crate) too_long: Problem,
    pub(crate) unavailable: Problem,
    pub(crate) nowhere: Problem,
}

#[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
static ENGLISH: LazyLock<Texts> = LazyLock::new(|| toml::from_str(include_str!("../../texts/en.toml")).expect("the texts are whole"));

/// The texts of the pages.
pub(crate) fn texts() -> &'static Texts {
    &ENGLISH
}

/// A text with what belongs into its braces. A name in braces that is not given stays as it is; what is put in is not looked at again.
pub(crate) fn fill(text: &str, with: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = after.split_once('}').and_then(|(name, behind)| {
            let (_, value) = with.iter().find(|(known, _)| *known == name)?;
            Some((*value, behind))
        });
        match value {
            Some((value, behind)) => {
                filled.push_str(value);
                rest = behind;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_are_whole() {
        assert_eq!(texts().lang, "en");
    }

    #[test]
    fn what_is_filled_in_is_not_read_again() {
        fn check(text: &str, expected: &str) {
            assert_eq!(fill(text, &[("client", "{person}"), ("person", "Ada")]), expected);
        }
        check("", "");
        check("no name", "no name");
        check("{client} asks {person}", "{person} asks Ada");
        check("{other} {client", "{other} {client");
        check("{{client}}", "{{person}}");
        check("a}b{", "a}b{");
    }
}
