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
    let holds = match (around.is_reached_from_elsewhere, around.has_proxy) {
        (Some(false), _) => Some(true),
        (Some(true), has_proxy) => has_proxy,
        (None, _) => None,
    };
    let seen = match (around.is_reached_from_elsewhere, holds) {
        (Some(false), _) => "the listener is reached from this machine alone",
        (_, Some(true)) => "the listener stands behind a proxy that is trusted",
        (_, Some(false)) => "the listener is reached from other machines, and no proxy is named that ends TLS",
        (_, None) => "nobody looked at the listener",
    };
    TRANSPORT.holds(holds, seen, "listen = \"127.0.0.1:8420\" behind a proxy with TLS, or `trusted_proxies` in jeton.toml")
}
