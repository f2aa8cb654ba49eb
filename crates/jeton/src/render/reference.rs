//! The reference page of the command line, made from the same description that parses it.

use clap::{Arg, Command};

/// The page, in Markdown.
pub(crate) fn page(mut command: Command) -> String {
    command.build();
    let mut text = "# The command line\n\n\
        This page is printed by `jeton reference`; a test fails when it is stale. Change the description in `crates/jeton/src/commands`.\n\n\
        Every command takes these:\n\n"
        .to_owned();
    text.push_str(&arguments(command.get_arguments().filter(|argument| argument.is_global_set())));
    text.push_str("\nExit codes: 0 done · 1 the answer is no · 2 usage · 3 could not · 4 sign in first.\n");
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        section(below, "jeton", &mut text);
    }
    text
}

/// The document of the management API, in OpenAPI.
pub(crate) fn openapi() -> String {
    format!("{:#}\n", jeton_http::api::document())
}

fn section(command: &Command, path: &str, text: &mut String) {
    let path = format!("{path} {}", command.get_name());
    let level = if path.matches(' ').count() == 1 { "##" } else { "###" };
    text.push_str(&format!("\n{level} `{path}`\n\n"));
    if let Some(about) = command.get_about() {
        text.push_str(&format!("{about}.\n"));
    }
    for alias in command.get_visible_aliases() {
        text.push_str(&format!("\nAlso `{} {alias}`.\n", path.rsplit_once(' ').map_or("", |(noun, _)| noun)));
    }
    let own: Vec<&Arg> = command.get_arguments().filter(|argument| !argument.is_global_set() && argument.get_id() != "help").collect();
    if !own.is_empty() {
        text.push_str(&format!("\n{}", arguments(own.into_iter())));
    }
    if let Some(examples) = command.get_after_help() {
        text.push_str(&format!("\n```text\n{}\n```\n", examples.to_string().trim_end()));
    }
    command.get_subcommands().for_each(|below| section(below, &path, text));
}

fn arguments<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let rows = arguments.map(|argument| {
        let values: Vec<String> = argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
        let mut notes = vec![argument.get_help().map(ToString::to_string).unwrap_or_default()];
        if !values.is_empty() && !matches!(argument.get_action(), clap::ArgAction::SetTrue) {
            notes.push(format!("one of {}", values.join(", ")));
        }
        if let Some(default) = argument.get_default_values().first().filter(|_| !matches!(argument.get_action(), clap::ArgAction::SetTrue))
        {
            notes.push(format!("default `{}`", default.to_string_lossy()));
        }
        if let Some(variable) = argument.get_env() {
            notes.push(format!("environment `{}`", variable.to_string_lossy()));
        }
        if argument.is_required_set() {
            notes.push("needed".to_owned());
        }
        format!("| `{}` | {} |\n", spelled(argument).replace('|', "\\|"), notes.join("; ").replace('|', "\\|"))
    });
    format!("| | |\n|---|---|\n{}", rows.collect::<String>())
}

fn spelled(argument: &Arg) -> String {
    let value = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    let takes_value = argument.get_action().takes_values();
    match (argument.get_short(), argument.get_long()) {
        (None, None) => value,
        (short, long) => {
            let names: Vec<String> =
                short.map(|short| format!("-{short}")).into_iter().chain(long.map(|long| format!("--{long}"))).collect();
            if takes_value { format!("{} {value}", names.join(", ")) } else { names.join(", ") }
        }
    }
}
