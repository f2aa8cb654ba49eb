use super::observed::Observed;
use super::rule::{Check, Offender, Rule, Severity};
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

pub(super) fn checks(observed: &Observed) -> Vec<Check> {
    vec![algorithm(observed), transport(observed)]
}

fn algorithm(observed: &Observed) -> Check {
    let signs_with_rsa = |api: &&Api| {
        let rsa = [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512, Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512];
        api.token_format == TokenFormat::Jwt && rsa.contains(&api.signing_algorithm)
    };
    let offender = |api: &Api| Offender {
        name: format!("{} ({})", api.audience, api.signing_algorithm.name()),
        command: format!("jeton api update {} --signing-alg ES256", api.audience),
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
    TRANSPORT.holds(holds, seen, "tls_cert_file and tls_key_file in jeton.toml, or `trusted_proxies` where a proxy ends TLS")
}
