//! Why a key or a token stands as it does, for those who may know: which rule decides, what else was said of it, what it may reach. From
//! facts that were gathered; whoever presents the credential still hears the standard error alone.

pub mod cut_off;
pub mod end;
pub mod key;
pub mod rule;
pub mod said;
pub mod scope;
pub mod statement;
pub mod suspension;
pub mod text;
pub mod timeline;
pub mod token;
