use super::observed::{Kept, Observed};
use super::rule::{Check, RESTART, Rule, Severity, word};

const APART: Rule = Rule {
    id: "storage.root_file_apart",
    severity: Severity::Critical,
    why: "Whoever gets a copy of the data folder, or of its backup, would get the key to it too.",
};
const ROOT_PRIVATE: Rule = Rule {
    id: "storage.root_file_private",
    severity: Severity::Critical,
    why: "Whoever reads the root file can open every sealed key, and forge tokens.",
};
const DATA_PRIVATE: Rule = Rule {
    id: "storage.data_private",
    severity: Severity::Critical,
    why: "The data folder is for the server alone: its socket administers.",
};
const CORES: Rule = Rule { id: "storage.dumps", severity: Severity::Medium, why: "A core holds every secret that was in memory." };

const PASSWORDS: Rule = Rule {
    id: "storage.password_list",
    severity: Severity::Medium,
    why: "Whoever guesses begins with the passwords that leaked elsewhere, and most people have one of them.",
};

pub(super) fn checks(observed: &Observed) -> Vec<Check> {
    let around = &observed.surroundings;
    let root_path = around.root_file.as_ref().map_or("the root file", |file| file.path.as_str());
    vec![
        APART.holds(
            around.is_root_file_apart,
            &match around.is_root_file_apart {
                Some(true) => format!("{root_path} lies apart from the data folder"),
                Some(false) => format!("{root_path} lies in the data folder"),
                None => "nobody looked where the root file lies".to_owned(),
            },
            "stop the server, move the file, and name it as `root_key_file` in jeton.toml",
        ),
        private(ROOT_PRIVATE, around.root_file.as_ref(), "chmod 600"),
        private(DATA_PRIVATE, around.data.as_ref(), "chmod 700"),
        CORES.holds(
            around.may_leave_core.map(|may| !may),
            match around.may_leave_core {
                Some(false) => "a crash leaves no core behind",
                Some(true) => "a crash may leave a core behind",
                None => "nobody looked",
            },
            "ulimit -c 0",
        ),
        password_list(observed),
    ]
}

fn password_list(observed: &Observed) -> Check {
    let has_list = observed.surroundings.has_password_list;
    let seen = match (observed.has_people, has_list) {
        (_, Some(true)) => "a password that is in a list of those that leaked is not taken",
        (false, _) => "there is nobody who could have a password",
        (true, Some(false)) => "passwords are taken whoever else knows them",
        (true, None) => "nobody looked at the configuration",
    };
    let holds = if observed.has_people { has_list } else { Some(true) };
    PASSWORDS.holds(holds, seen, &format!("name a file of passwords that leaked as `password_list_file` in jeton.toml, and {RESTART}"))
}

fn private(rule: Rule, kept: Option<&Kept>, command: &str) -> Check {
    let Some(Kept { path, mode }) = kept else { return rule.holds(None, "nobody looked who may read it", "") };
    rule.holds(Some(mode & 0o077 == 0), &format!("{path} has the mode {mode:03o}"), &format!("{command} {}", word(path)))
}
