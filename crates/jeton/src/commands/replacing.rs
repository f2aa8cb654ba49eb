use super::context::Context;
use super::failure::Failure;

/// Asks before a change takes away what it does not name; `flag` is what would keep it.
///
/// # Errors
/// When the answer is not yes, or nobody can be asked.
pub(super) fn ask<'a>(context: &Context, whose: &str, flag: &str, left_out: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
    let left_out: Vec<&str> = left_out.collect();
    if left_out.is_empty() {
        return Ok(());
    }
    let kept: Vec<String> = left_out.iter().map(|name| format!("--{flag} {name}")).collect();
    context.confirm(&format!(
        "What is named replaces what {whose} has, without {}. Change it? To keep {}, add {}",
        left_out.join(", "),
        if left_out.len() == 1 { "it" } else { "them" },
        kept.join(" ")
    ))
}
