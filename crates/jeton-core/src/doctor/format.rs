use super::observed::Observed;
use super::rule::{Check, Offender, RESTART, Rule, Severity, shown, word};
use crate::api::{Api, TokenFormat};
use jeton_jose::Algorithm;

const ALGORITHM: Rule = Rule {
    id: "format.algorithm",
    severity: Severity::High,
    why: "RSA signatures are large and slow to make; ES256 is checked by the same software.",
};
const TRANSPORT: Rule = Rule {
    id: "format.transport",
    severity: Severity::High,
    why: "Tokens and secrets are read by everybody on the way unless TLS is before the server.",
};
const CERTIFICATE: Rule = Rule {
    id: "format.certificate",
    severity: Severity::Medium,
    why: "When the certificate ends, every client is turned away at once, and some will be told to trust anything.",
};
const DAY_SECONDS: i64 = 86_400;

pub(super) fn checks(observed: &Observed) -> Vec<Check> {
    vec![algorithm(observed), transport(observed), certificate(observed)]
}

fn algorithm(observed: &Observed) -> Check {
    let signs_with_rsa = |api: &&Api| {
        let rsa = [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512, Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512];
        api.token_format == TokenFormat::Jwt && rsa.contains(&api.signing_algorithm)
    };
    let offender = |api: &Api| Offender {
        name: format!("{} ({})", api.audience, api.signing_algorithm.name()),
        command: format!("jeton api update {} --signing-alg ES256", word(&api.audience)),
    };
    let offenders: Vec<_> = observed.apis.iter().filter(signs_with_rsa).map(offender).collect();
    ALGORITHM.none(&offenders, "APIs whose tokens are signed with RSA")
}

fn transport(observed: &Observed) -> Check {
    let around = &observed.surroundings;
    let holds = match (around.is_reached_from_elsewhere, around.has_tls, around.has_proxy) {
        (Some(false), _, _) | (_, Some(true), _) | (_, _, Some(true)) => Some(true),
        (Some(true), Some(false), Some(false)) => Some(false),
        _ => None,
    };
    let seen = match (around.is_reached_from_elsewhere, around.has_tls, holds) {
        (_, Some(true), _) => "the listeners speak TLS",
        (Some(false), _, _) => "the listeners are reached from this machine alone",
        (_, _, Some(true)) => "the listeners stand behind a proxy that is trusted",
        (_, _, Some(false)) => {
            "a listener is reached from other machines in the clear: without TLS, and without a trusted proxy that ends it"
        }
        (_, _, None) => "nobody looked at the listeners",
    };
    let cure = format!("name tls_cert_file and tls_key_file in jeton.toml, or `trusted_proxies` where a proxy ends TLS; and {RESTART}");
    TRANSPORT.holds(holds, seen, &cure)
}

/// One that is renewed well is renewed with a third of its life left: of one that lives 90 days or less, a third is what 30 days are of others.
fn certificate(observed: &Observed) -> Check {
    const CURE: &str =
        "put the renewed pair in the place of tls_cert_file and tls_key_file; with ACME, the log says why it was not renewed";
    let around = &observed.surroundings;
    let Some(life) = around.certificate else {
        let no_tls = (around.has_tls == Some(false)).then_some(true);
        return CERTIFICATE.holds(
            no_tls,
            if no_tls.is_some() { "there is no certificate" } else { "nobody looked at the certificate" },
            "",
        );
    };
    let (whole, left) = (life.ends.saturating_sub(life.begins), life.ends.saturating_sub(observed.now_seconds));
    let (soon, now) = ((30 * DAY_SECONDS).min(whole / 3), (14 * DAY_SECONDS).min(whole / 6));
    let rule = if left < now { Rule { severity: Severity::High, ..CERTIFICATE } } else { CERTIFICATE };
    let seen = match left {
        0.. => format!("the certificate ends in {}", shown(left)),
        _ => format!("the certificate ended {} ago", shown(left.saturating_neg())),
    };
    rule.holds(Some(left >= soon), &seen, CURE)
}
