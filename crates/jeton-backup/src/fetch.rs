//! Gets an object and opens it: whole and ours, or its name and what is wrong.

use crate::failure::Failure;
use crate::object::{self, Kind};
use crate::open::{Opened, Opening};
use crate::problem::{Problem, What};
use crate::target::Target;

pub(crate) async fn open(target: &Target, opening: &Opening, name: &str, kind: Kind) -> Result<Opened, Failure> {
    let sealed = target.get(name).await?;
    Ok(opened(opening, name, sealed.to_vec(), kind).await?)
}

/// Opens an object's bytes on a thread that may take its time; it must be of this kind.
pub(crate) async fn opened(opening: &Opening, name: &str, sealed: Vec<u8>, kind: Kind) -> Result<Opened, Problem> {
    let (opening, of) = (opening.clone(), name.to_owned());
    let opened = tokio::task::spawn_blocking(move || opening.open(&of, &sealed)).await;
    let opened = opened.map_err(|error| Problem::new(name, What::Damaged(error.to_string())))??;
    if opened.header.kind == kind { Ok(opened) } else { Err(Problem::new(name, What::Forged)) }
}

/// Refuses bytes that are not those a manifest names.
pub(crate) fn is_named(name: &str, sealed: &[u8], sha256: &str) -> Result<(), Problem> {
    let is_it = object::hexadecimal(&object::sha256(sealed)) == sha256;
    if is_it { Ok(()) } else { Err(Problem::new(name, What::Damaged("it is not the part that the manifest names".into()))) }
}
