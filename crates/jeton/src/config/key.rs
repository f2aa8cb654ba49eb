//! The keys of `jeton.toml`, and what a variable of the environment holds for each.

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A text.
    Text,
    /// The path of a file or folder.
    Path,
    /// A folder, or something that is none: `none`, or the address of a bucket.
    Place,
    /// A whole number.
    Number,
    /// Several words.
    List,
    /// Several sentences, none of which has a semicolon in it.
    Sentences,
}

/// Every key.
pub(crate) const KEYS: [(&str, Holds); 41] = [
    ("issuer", Holds::Text),
    ("listen", Holds::Text),
    ("metrics_listen", Holds::Text),
    ("admin_listen", Holds::Text),
    ("tls_cert_file", Holds::Path),
    ("tls_key_file", Holds::Path),
    ("acme_directory", Holds::Text),
    ("acme_contact", Holds::Text),
    ("acme_listen", Holds::Text),
    ("acme_ca_file", Holds::Path),
    ("root_key_file", Holds::Path),
    ("token_prefix", Holds::Text),
    ("log_format", Holds::Text),
    ("connections_max", Holds::Number),
    ("access_log", Holds::Path),
    ("access_log_addresses", Holds::Text),
    ("access_log_kept_days", Holds::Number),
    ("access_log_kept_bytes", Holds::Text),
    ("usage", Holds::Text),
    ("password_list_file", Holds::Path),
    ("doctor_accepted", Holds::Sentences),
    ("trusted_proxies", Holds::List),
    ("forwarded_header", Holds::Text),
    ("smtp_host", Holds::Text),
    ("smtp_port", Holds::Number),
    ("smtp_security", Holds::Text),
    ("smtp_username", Holds::Text),
    ("smtp_password_file", Holds::Path),
    ("smtp_from", Holds::Text),
    ("smtp_ca_file", Holds::Path),
    ("backup_target", Holds::Place),
    ("backup_recipients", Holds::List),
    ("backup_every", Holds::Text),
    ("backup_kept", Holds::Text),
    ("backup_drill_every", Holds::Text),
    ("revocation_durability", Holds::Text),
    ("backup_target_rotates", Holds::Text),
    ("backup_s3_endpoint", Holds::Text),
    ("backup_s3_region", Holds::Text),
    ("backup_s3_access_key_id", Holds::Text),
    ("backup_s3_secret_file", Holds::Path),
];

/// The variable of a key.
pub(crate) fn variable(key: &str) -> String {
    format!("JETON_{}", key.to_ascii_uppercase())
}
