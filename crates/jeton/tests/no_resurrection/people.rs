//! People, groups, roles and administrators.

use http::Method;
use serde_json::json;

use crate::held::{Held, end};
use crate::history::{GROUP, History, ORDERS, PEOPLE, ROLES};

impl History {
    pub(crate) async fn change_people(&mut self) {
        match self.below(6) {
            0 | 1 => self.make_person().await,
            2 => self.erase_person().await,
            3 | 4 => self.make_administrator().await,
            _ => self.end_administrator().await,
        }
    }

    /// Somebody with a key, of whom somebody wrote something.
    async fn make_person(&mut self) {
        let username = format!("person-{}", self.made);
        let email = format!("{username}@example.org");
        let made = self.world.done(Method::POST, "/users", Some(json!({"username": username, "email": email}))).await;
        let id = made["id"].as_str().unwrap().to_owned();
        let (role, _) = ROLES[1];
        // The role may be gone.
        self.tries(Method::PUT, &format!("/roles/{role}/assignments/user:{id}"), None).await;
        self.people.insert(id.clone(), username.clone());
        let body = json!({"owner": format!("user:{id}"), "audience": ORDERS, "name": format!("the laptop of {username}")});
        // The role may give nothing any more.
        if let Some(made) = self.tries(Method::POST, "/keys", Some(body)).await {
            self.take_down(&made, &format!("user:{id}"), None);
            self.owners.insert(made["id"].as_str().unwrap().to_owned(), id);
        }
    }

    async fn erase_person(&mut self) {
        let ids: Vec<String> = self.people.keys().cloned().collect();
        let Some(id) = self.one_of(&ids) else { return };
        self.world.done(Method::POST, &format!("/users/{id}/erase"), Some(json!({}))).await;
        let username = self.people.remove(&id).unwrap();
        let size = self.world.ledger_size();
        end(&mut self.visits.passwords, size, |_, held| held.of == username);
        end(&mut self.visits.sessions, size, |_, held| held.of == username);
        self.notice_ended_grants().await;
        self.erased.insert(id.clone(), username);
        let (size, owners) = (self.world.ledger_size(), &self.owners);
        // One that somebody transferred is another's by now: what it may is asked of the deployment.
        let transferred: Vec<&String> = owners.iter().filter(|(_, owner)| **owner == id).map(|(key, _)| key).collect();
        let is_gone = |key: &str| transferred.iter().any(|theirs| *theirs == key);
        let mut gone = Vec::new();
        for held in self.keys.values().filter(|held| is_gone(&held.id)) {
            if self.world.administer(Method::GET, &format!("/keys/{}", held.id), None).await.status == 404 {
                gone.push(held.id.clone());
            }
        }
        end(&mut self.keys, size, |_, held| gone.contains(&held.id));
    }

    async fn make_administrator(&mut self) {
        let (username, role) = (format!("chief-{}", self.made), self.one_of(&["operator", "developer", "auditor"]).unwrap());
        let text = self.world.administrator_of(&username, role).await;
        self.administrators.insert(text, Held::new(&username, ""));
    }

    /// Takes the role from one, or disables them.
    async fn end_administrator(&mut self) {
        let names: Vec<String> = self.administrators.values().map(|held| held.of.clone()).collect();
        let Some(name) = self.one_of(&names) else { return };
        let (method, path) = match self.below(3) {
            0 => (Method::POST, format!("/users/{name}/disable")),
            1 => (Method::POST, format!("/users/{name}/erase")),
            _ => (Method::DELETE, format!("/administrators/{name}")),
        };
        let body = path.ends_with("/erase").then(|| json!({}));
        if self.tries(method, &path, body).await.is_some() {
            let size = self.world.ledger_size();
            end(&mut self.administrators, size, |_, held| held.of == name);
        }
    }

    /// Makes a role, and gives it to the people or to their group.
    pub(crate) async fn make_role(&self, role: &str, scope: &str) {
        if self.tries(Method::POST, "/roles", Some(json!({"audience": ORDERS, "name": role, "scope": scope}))).await.is_none() {
            return;
        }
        let of_group = [format!("group:{GROUP}")];
        let of_people = PEOPLE.map(|person| format!("user:{person}"));
        for subject in if role == "packer" { &of_group[..] } else { &of_people[..] } {
            self.tries(Method::PUT, &format!("/roles/{role}/assignments/{subject}"), None).await;
        }
    }

    /// Roles and groups change: what is left of each credential then is asked of the deployment.
    pub(crate) async fn change_roles(&mut self) {
        let (person, (role, scope)) = (self.one_of(&PEOPLE).unwrap(), self.one_of(&ROLES).unwrap());
        let subject = if self.is_once_in(3) { format!("group:{GROUP}") } else { format!("user:{person}") };
        let (assignment, member) = (format!("/roles/{role}/assignments/{subject}"), format!("/groups/{GROUP}/members/{person}"));
        let (method, path, body) = match self.below(12) {
            0 => (Method::POST, format!("/users/{person}/disable"), None),
            1 => (Method::POST, format!("/users/{person}/enable"), None),
            2 | 3 => (Method::DELETE, assignment, None),
            4 | 5 => (Method::PUT, assignment, None),
            6 => (Method::DELETE, member, None),
            7 => (Method::PUT, member, None),
            8 => (Method::PATCH, format!("/roles/{role}"), Some(json!({"scope": "orders:read"}))),
            9 => (Method::PATCH, format!("/roles/{role}"), Some(json!({"scope": scope}))),
            10 => (Method::DELETE, format!("/roles/{role}"), None),
            _ => return self.make_role(role, scope).await,
        };
        self.tries(method, &path, body).await;
    }
}
