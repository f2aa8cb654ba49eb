//! The texts of hashes, read: those that Jeton writes, and those of Django, passlib, Werkzeug, and whoever else writes PHC strings or bcrypt.

mod bcrypt;
mod django;
mod phc;
mod text;
mod werkzeug;

use super::hash::{Hash, NotAHash, TEXT_BYTES_MAX};

/// Reads the text of a hash.
///
/// # Errors
/// [`NotAHash`].
pub fn parse(text: &str) -> Result<Hash, NotAHash> {
    if text.len() > TEXT_BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(NotAHash::Malformed);
    }
    let mut parts = text.split('$');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let (name, is_with_colons) = first.split_once(':').map_or((first, false), |(name, _)| (name, true));
    let hash = match (name, second) {
        ("", "2a" | "2b" | "2y") => bcrypt::parse(text, false),
        ("", "argon2i" | "argon2id" | "scrypt" | "pbkdf2" | "pbkdf2-sha256" | "pbkdf2-sha512") => phc::parse(text),
        ("scrypt" | "pbkdf2", _) if is_with_colons => werkzeug::parse(text),
        ("argon2" | "bcrypt" | "bcrypt_sha256" | "scrypt" | "pbkdf2_sha1" | "pbkdf2_sha256", _) => django::parse(text),
        _ => return Err(NotAHash::Unknown),
    };
    hash.ok_or(NotAHash::Malformed)?.bounded()
}

#[cfg(test)]
mod tests;
