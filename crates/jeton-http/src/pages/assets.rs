//! What pages need beside their text: files of the program, each under a name that changes with what is in it, so that a browser may keep it
//! for good.

use std::sync::LazyLock;

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue};

/// One file.
pub(crate) struct Asset {
    /// The last part of its path.
    pub(crate) name: String,
    content_type: &'static str,
    bytes: &'static [u8],
}

/// The files.
pub(crate) struct Assets {
    /// How pages look.
    pub(crate) style: Asset,
    /// What stands in the browser's tab.
    pub(crate) icon: Asset,
    /// What speaks with authenticators: the only script that there is.
    pub(crate) passkey: Asset,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: Asset::new("style", "css", "text/css; charset=utf-8", include_bytes!("../../assets/style.css")),
    passkey: Asset::new("passkey", "js", "text/javascript; charset=utf-8", include_bytes!("../../assets/passkey.js")),
    icon: Asset::new("icon", "svg", "image/svg+xml", include_bytes!("../../assets/icon.svg")),
});

/// The files of the pages.
pub(crate) fn assets() -> &'static Assets {
    &ASSETS
}

impl Assets {
    fn find(&self, name: &str) -> Option<&Asset> {
        [&self.style, &self.icon, &self.passkey].into_iter().find(|asset| asset.name == name)
    }
}

impl Asset {
    fn new(name: &str, ending: &str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
        Asset { name: format!("{name}-{:016x}.{ending}", fingerprint(bytes)), content_type, bytes }
    }
}

/// FNV-1a: a name for what is in a file, and no proof of it.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A file by its name; `None`: there is none.
pub(crate) fn serve(name: &str) -> Option<Response> {
    let asset = assets().find(name)?;
    let mut response = Response::new(Body::from(asset.bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    // An image that is opened by itself is a document too.
    headers
        .insert(HeaderName::from_static("content-security-policy"), HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_changes_with_what_is_in_the_file() {
        assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint(b"a"), 0xaf63_dc4c_8601_ec8c, "the published value");
        assert!(serve(&assets().style.name).is_some() && serve("style.css").is_none() && serve("").is_none());
        assert!(assets().style.bytes.len() <= 12 * 1024, "a page is light");
    }
}
