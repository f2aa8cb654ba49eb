//! Whether all that files name is there, or in the files: told before anything is changed. Pure.

use super::{Api, Client, Declared, Role};

/// The first thing that names what there is not, in a sentence; `management` is the audience of the management API, which no file declares.
pub(crate) fn dangling(declared: &Declared, held: &Declared, management: &str) -> Option<String> {
    let there = There { declared, held, management };
    let clients = declared.client.iter().find_map(|client| there.client_fault(client));
    let roles = || declared.role.iter().find_map(|role| there.role_fault(role));
    let policies = || {
        declared.policy.iter().find_map(|policy| {
            let api = policy.api.as_ref().filter(|api| !there.is_api(api)).map(|api| format!("the API {api}"));
            let client = policy.client.as_ref().filter(|client| !there.is_client(client)).map(|client| format!("the client {client}"));
            Some(format!("a policy of {} is for {}", policy.kind, api.or(client)?))
        })
    };
    clients.or_else(roles).or_else(policies).map(|what| format!("{what}, which is neither there nor in the files"))
}

struct There<'a> {
    declared: &'a Declared,
    held: &'a Declared,
    management: &'a str,
}

impl There<'_> {
    fn apis(&self, audience: &str) -> impl Iterator<Item = &Api> {
        self.declared.api.iter().chain(&self.held.api).filter(move |api| api.audience == audience)
    }

    /// What has no colon is an id, which the server knows.
    fn is_api(&self, name: &str) -> bool {
        name == self.management || !name.contains(':') || self.apis(name).next().is_some()
    }

    fn is_client(&self, name: &str) -> bool {
        name.starts_with("client_") || self.declared.client.iter().chain(&self.held.client).any(|client| client.name == name)
    }

    fn is_group(&self, name: &str) -> bool {
        name.starts_with("group_") || self.declared.group.iter().chain(&self.held.group).any(|group| group.name == name)
    }

    /// Whether one of these APIs has a scope, as the files leave it.
    fn is_scope<'a>(&self, scope: &str, mut audiences: impl Iterator<Item = &'a String>) -> bool {
        audiences.any(|audience| {
            let scopes = self.apis(audience).find_map(|api| api.scopes.as_ref());
            audience == self.management || !audience.contains(':') || scopes.is_some_and(|scopes| scopes.contains_key(scope))
        })
    }

    fn client_fault(&self, client: &Client) -> Option<String> {
        let known = self.held.client.iter().find(|held| held.name == client.name).and_then(|held| held.audiences.as_ref());
        let audiences = client.audiences.as_ref().or(known);
        if let Some(audience) = audiences.into_iter().flatten().find(|audience| !self.is_api(audience)) {
            return Some(format!("the client {} is for the API {audience}", client.name));
        }
        if let Some(group) = client.owner.as_ref().and_then(|owner| owner.strip_prefix("group:")).filter(|group| !self.is_group(group)) {
            return Some(format!("for the client {} answers the group {group}", client.name));
        }
        let mut scopes = client.scope.iter().flatten();
        let scope = scopes.find(|scope| !self.is_scope(scope, audiences.into_iter().flatten()))?;
        Some(format!("the client {} has the scope {scope}", client.name))
    }

    fn role_fault(&self, role: &Role) -> Option<String> {
        let name = role.thing().name();
        if let Some(group) = role.groups.iter().flatten().find(|group| !self.is_group(group)) {
            return Some(format!("the role {name} is held by the group {group}"));
        }
        if role.built_in.is_some() {
            let is_there = self.held.role.iter().any(|held| held.built_in == role.built_in);
            return (!is_there).then(|| format!("who holds a role is said by the role {name}"));
        }
        if !self.is_api(&role.audience) {
            return Some(format!("the role {} is of the API {}", role.name, role.audience));
        }
        let mut scopes = role.scope.iter().flatten();
        let scope = scopes.find(|scope| !self.is_scope(scope, [&role.audience].into_iter()))?;
        Some(format!("the role {name} has the scope {scope}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: &str = "[[api]]\naudience = 'a:b'\n[api.scopes]\nread = ''\n[[client]]\nname = 'worker'\naudiences = ['a:b']\n[[group]]\nname = 'sales'\n\
                        [[role]]\nbuilt_in = 'owner'\n";

    #[track_caller]
    fn check(declared: &str, expected: Option<&str>) {
        let (declared, held): (Declared, Declared) = (toml::from_str(declared).unwrap(), toml::from_str(HELD).unwrap());
        let said = dangling(&declared, &held, "https://t.example/api/v1");
        assert_eq!(said, expected.map(|what| format!("{what}, which is neither there nor in the files")));
    }

    #[test]
    fn what_is_named_is_there_or_in_the_files() {
        check(HELD, None);
        check("[[client]]\nname = 'x'\naudiences = ['a:b']\nscope = ['read']", None);
        check("[[client]]\nname = 'worker'\nscope = ['read']", None);
        check("[[client]]\nname = 'x'\naudiences = ['c:d']\n[[api]]\naudience = 'c:d'", None);
        check("[[client]]\nname = 'x'\naudiences = ['c:d']", Some("the client x is for the API c:d"));
        check("[[client]]\nname = 'worker'\nscope = ['write']", Some("the client worker has the scope write"));
        check("[[role]]\naudience = 'a:b'\nname = 'r'\nscope = ['write']", Some("the role r at a:b has the scope write"));
        check("[[role]]\naudience = 'c:d'\nname = 'r'", Some("the role r is of the API c:d"));
        check("[[role]]\naudience = 'a:b'\nname = 'r'\ngroups = ['sales', 'x']", Some("the role r at a:b is held by the group x"));
        check("[[role]]\nbuilt_in = 'owner'\ngroups = ['sales']", None);
        check("[[role]]\nbuilt_in = 'boss'", Some("who holds a role is said by the role boss of Jeton"));
        check("[[role]]\naudience = 'https://t.example/api/v1'\nname = 'r'\nscope = ['jeton:apis:read']", None);
        check("[[client]]\nname = 'x'\nowner = 'group:sales'", None);
        check("[[client]]\nname = 'x'\nowner = 'group:y'\n[[group]]\nname = 'y'", None);
        check("[[client]]\nname = 'x'\nowner = 'group:y'", Some("for the client x answers the group y"));
        check("[[policy]]\nkind = 'api_key'\napi = 'c:d'", Some("a policy of api_key is for the API c:d"));
        check("[[policy]]\nkind = 'api_key'\nclient = 'x'", Some("a policy of api_key is for the client x"));
        check("[[api]]\naudience = 'a:b'\n[api.scopes]\nwrite = ''\n[[client]]\nname = 'x'\naudiences = ['a:b']\nscope = ['write']", None);
    }
}
