//! The command line as a whole: every noun, and what all of them take.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use jeton_core::plain::steers;

use crate::commands::admin::Admin;
use crate::commands::api::Api;
use crate::commands::apply::Apply;
use crate::commands::aside::aside;
use crate::commands::audit::Audit;
use crate::commands::backup::Backup;
use crate::commands::check::Check;
use crate::commands::client::Client;
use crate::commands::completions::Completions;
use crate::commands::config::Config;
use crate::commands::consent::Consent;
use crate::commands::context::{Context, write};
use crate::commands::diff::Diff;
use crate::commands::doctor::Doctor;
use crate::commands::exec::Exec;
use crate::commands::export::Export;
use crate::commands::failure::Failure;
use crate::commands::grant::Grant;
use crate::commands::group::Group;
use crate::commands::init::Init;
use crate::commands::jwt::Jwt;
use crate::commands::key::Key;
use crate::commands::login::{Login, Logout, Whoami};
use crate::commands::options::{Options, Output};
use crate::commands::policy::Policy;
use crate::commands::provider::Provider;
use crate::commands::quickstart::Quickstart;
use crate::commands::recovery_kit::RecoveryKit;
use crate::commands::request::Request;
use crate::commands::revoke::Revoke;
use crate::commands::role::Role;
use crate::commands::root_key::RootKey;
use crate::commands::serve::Serve;
use crate::commands::session::Session;
use crate::commands::signing_key::SigningKey;
use crate::commands::suspend::{Resume, Suspend};
use crate::commands::suspension::Suspension;
use crate::commands::token::Token;
use crate::commands::usage::Usage;
use crate::commands::user::User;
use crate::commands::version::Version;
use crate::config::environment;
use crate::misuse;
use crate::render::reference;
use crate::render::text::{escaped, lines};
use crate::terminal;

const EXAMPLES: &str = "\
Examples:
  jeton quickstart                     see a token's life, step by step
  jeton init && jeton serve            run a server
  jeton api create --audience https://orders.example --scope read=Read
  jeton client create --name worker --audience https://orders.example
  jeton revoke - < token.txt

A token, a key or any other secret is never an argument, which every user of
the machine could see: write `-` and pipe it to standard input, or name a FILE
that holds it.

Exit codes: 0 done, 1 the answer is no, 2 usage, 3 could not, 4 sign in first.";

/// A token service for teams: issues, checks, rotates, revokes and watches
/// tokens
#[derive(Parser, Debug)]
#[command(name = "jeton", version, max_term_width = 80, after_help = EXAMPLES, disable_help_subcommand = true, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Quickstart(Quickstart),
    Init(Init),
    Serve(Serve),
    #[command(subcommand)]
    Api(Api),
    #[command(subcommand)]
    Client(Client),
    #[command(subcommand)]
    Admin(Admin),
    #[command(subcommand)]
    User(User),
    #[command(subcommand)]
    Group(Group),
    #[command(subcommand)]
    Role(Role),
    #[command(subcommand)]
    Provider(Provider),
    #[command(subcommand)]
    Key(Key),
    #[command(subcommand)]
    Token(Token),
    Revoke(Revoke),
    Suspend(Suspend),
    Resume(Resume),
    #[command(subcommand)]
    Suspension(Suspension),
    #[command(subcommand)]
    Session(Session),
    #[command(subcommand)]
    Grant(Grant),
    #[command(subcommand)]
    Consent(Consent),
    Usage(Usage),
    #[command(subcommand)]
    Policy(Policy),
    #[command(subcommand)]
    SigningKey(SigningKey),
    #[command(subcommand)]
    RootKey(RootKey),
    #[command(subcommand)]
    Audit(Audit),
    #[command(subcommand)]
    Backup(Backup),
    RecoveryKit(RecoveryKit),
    Check(Check),
    Doctor(Doctor),
    Export(Export),
    Diff(Diff),
    Apply(Apply),
    #[command(subcommand)]
    Config(Config),
    #[command(subcommand)]
    Jwt(Jwt),
    Exec(Exec),
    Login(Login),
    Logout(Logout),
    Whoami(Whoami),
    Request(Request),
    Version(Version),
    Completions(Completions),
    Reference(Reference),
}

/// Print a page of docs/reference
#[derive(Args, Debug)]
#[command(hide = true)]
struct Reference {
    #[arg(value_enum, default_value_t = Page::CommandLine)]
    page: Page,
}

/// The pages that are made from code.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Page {
    CommandLine,
    Openapi,
}

impl Cli {
    /// Whether programs read what it says.
    pub(crate) fn wants_json(&self) -> bool {
        matches!(self.options.output(), Output::Json | Output::Jsonl)
    }

    /// Does what was asked for.
    ///
    /// # Errors
    /// Why not, and what to do next.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let unset = |sentence: String| {
            Failure::usage(sentence, "unset it, or set the one that is meant: docs/reference/configuration.md has every variable")
        };
        environment::check_names(&environment::of_process()).map_err(unset)?;
        let options = self.options.clone();
        let context = Context::new(self.options);
        let told = |failure: Failure| failure.told(|text| options.addressed(text));
        let done = match self.command {
            Command::Quickstart(quickstart) => quickstart.run(&context),
            Command::Init(init) => init.run(&context),
            Command::Serve(serve) => serve.run(&context),
            Command::Api(api) => api.run(&context),
            Command::Client(client) => client.run(&context),
            Command::Admin(admin) => admin.run(&context),
            Command::User(user) => user.run(&context),
            Command::Group(group) => group.run(&context),
            Command::Role(role) => role.run(&context),
            Command::Provider(provider) => provider.run(&context),
            Command::Key(key) => key.run(&context),
            Command::Token(token) => token.run(&context),
            Command::Revoke(revoke) => revoke.run(&context),
            Command::Suspend(suspend) => suspend.run(&context),
            Command::Resume(resume) => resume.run(&context),
            Command::Suspension(suspension) => suspension.run(&context),
            Command::Session(session) => session.run(&context),
            Command::Grant(grant) => grant.run(&context),
            Command::Consent(consent) => consent.run(&context),
            Command::Usage(usage) => usage.run(&context),
            Command::Policy(policy) => policy.run(&context),
            Command::SigningKey(signing_key) => signing_key.run(&context),
            Command::RootKey(root_key) => root_key.run(&context),
            Command::Audit(audit) => audit.run(&context),
            Command::Backup(backup) => backup.run(&context),
            Command::RecoveryKit(kit) => kit.run(&context),
            Command::Check(check) => check.run(&context),
            Command::Doctor(doctor) => doctor.run(&context),
            Command::Export(export) => export.run(&context),
            Command::Diff(diff) => diff.run(&context),
            Command::Apply(apply) => apply.run(&context),
            Command::Config(config) => config.run(&context),
            Command::Jwt(jwt) => jwt.run(&context),
            Command::Exec(exec) => return exec.run(&context).map_err(told),
            Command::Login(login) => login.run(&context),
            Command::Logout(logout) => logout.run(&context),
            Command::Whoami(whoami) => whoami.run(&context),
            Command::Request(request) => request.run(&context),
            Command::Version(version) => version.run(&context),
            Command::Completions(completions) => completions.run(Cli::command()),
            Command::Reference(Reference { page: Page::CommandLine }) => write(reference::page(Cli::command()).as_bytes()),
            Command::Reference(Reference { page: Page::Openapi }) => write(reference::openapi().as_bytes()),
        };
        done.map(|()| ExitCode::SUCCESS).map_err(told)
    }
}

/// What was typed, with `help` and the words behind it as `--help` of what they name: the first thing that people try.
pub(crate) fn with_help(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = arguments.collect();
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.push("--help".into());
    }
    words
}

/// Says what is wrong with a command line, or what was asked of it instead: help, the version. In JSON where that is asked for, as far as
/// can be told of a line that is not understood.
pub(crate) fn misused(mut misuse: clap::Error) -> ExitCode {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let wants_json = words.iter().any(|word| ["--json", "-ojson", "-ojsonl", "--output=json", "--output=jsonl"].contains(&word.as_str()));
    let meant = misuse::meant(&words).filter(|_| misuse.use_stderr());
    misuse::advise(&mut misuse, meant);
    let text = misuse.to_string();
    let columns = terminal::columns(&std::io::stderr()).unwrap_or(usize::MAX);
    let is_wide = misuse.use_stderr() && text.lines().any(|line| line.chars().count() > columns);
    if !wants_json && (is_wide || text.chars().any(|letter| steers(letter) && letter != '\n')) {
        // What was typed is repeated in it.
        aside(&lines(text.trim_end()));
        return ExitCode::from(2);
    }
    if !wants_json || !misuse.use_stderr() {
        // There is nowhere left to say that it could not be said.
        let _ = misuse.print();
        return ExitCode::from(u8::try_from(misuse.exit_code()).unwrap_or(2));
    }
    let sentence = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    let failure = Failure::usage(sentence, meant.unwrap_or("`--help` says what the command takes"));
    // As above.
    let _ = write_error(&escaped(&failure.to_json().to_string()));
    ExitCode::from(failure.exit_code())
}

fn write_error(text: &str) -> std::io::Result<()> {
    writeln!(anstream::stderr(), "{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    fn each_command(command: &clap::Command, path: &str, visit: &mut impl FnMut(&str, &clap::Command)) {
        let path = format!("{path} {}", command.get_name()).trim_start().to_owned();
        visit(&path, command);
        command.get_subcommands().for_each(|below| each_command(below, &path, visit));
    }

    #[test]
    fn every_help_fits_eighty_columns_and_has_examples() {
        let mut root = Cli::command();
        root.build();
        each_command(&root, "", &mut |path, command| {
            let help = command.clone().term_width(80).render_long_help().to_string();
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{path}: {line}");
            }
            assert!(command.is_hide_set() || help.contains("Examples:\n"), "{path} has no examples");
            assert!(command.get_about().is_some(), "{path} says nothing");
        });
    }

    #[test]
    fn examples_are_commands() {
        let mut root = Cli::command();
        root.build();
        let mut lines = 0;
        each_command(&root, "", &mut |path, command| {
            let help = command.clone().render_long_help().to_string().replace("\\\n      ", " ");
            let help = help.split_once("Examples:\n").map_or("", |(_, examples)| examples);
            for line in help.lines().map(str::trim).filter(|line| line.starts_with("jeton ")) {
                for words in line.split(" && ").map(words_of) {
                    lines += 1;
                    let parsed = Cli::try_parse_from(&words);
                    assert!(parsed.is_ok(), "{path}: {words:?}: {}", parsed.unwrap_err());
                }
            }
        });
        assert!(lines > 60, "{lines}");
    }

    /// What an error, a hint or a cure advises is there: the command, and the options that it names.
    #[test]
    fn advised_commands_are_commands() {
        let mut root = Cli::command();
        root.build();
        let (mut advised, mut wrong) = (0, vec![]);
        for file in sources() {
            let text = std::fs::read_to_string(&file).unwrap();
            let text = text.split('\n').map(str::trim_start).collect::<Vec<_>>().join("\n").replace("\\\n", "");
            // Cures are commands and nothing else; elsewhere a text that begins so may be a message.
            let cures = if file.components().any(|part| part.as_os_str() == "doctor") { &["`", "\""][..] } else { &["`"][..] };
            for quote in cures {
                for advice in text.split(&format!("{quote}jeton ")).skip(1) {
                    let Some((advice, _)) = advice.split_once(quote).filter(|(advice, _)| !advice.contains('\n')) else { continue };
                    let words = advice.split("    #").next().unwrap_or_default().split_whitespace();
                    advised += 1;
                    if let Err(what) = check_advice(&root, words) {
                        wrong.push(format!("{}: `jeton {advice}`: {what}", file.display()));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(advised > 100, "{advised}");
        for (advice, expected) in [("key end-previous KEY", true), ("key end-former KEY", false), ("key rotate KEY --later", false)] {
            assert_eq!(check_advice(&root, advice.split(' ')).is_ok(), expected, "{advice}");
        }
    }

    fn check_advice<'a>(root: &clap::Command, words: impl Iterator<Item = &'a str>) -> Result<(), String> {
        let mut command = root;
        let mut is_named = false;
        for word in words {
            if let Some(option) = word.strip_prefix("--") {
                let option = option.split(['=', '{', ',']).next().unwrap_or_default();
                if !option.is_empty() && !command.get_arguments().any(|known| known.get_long() == Some(option)) {
                    return Err(format!("{} has no --{option}", command.get_name()));
                }
            } else if !is_named && command.has_subcommands() && word.starts_with(|letter: char| letter.is_ascii_lowercase()) {
                match command.find_subcommand(word) {
                    Some(below) => command = below,
                    None if command.is_subcommand_required_set() => return Err(format!("there is no {word}")),
                    None => is_named = true,
                }
            } else {
                is_named = true;
            }
        }
        Ok(())
    }

    /// Every file of the program, but for its tests.
    fn sources() -> Vec<std::path::PathBuf> {
        let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let (mut folders, mut files) = (vec![], vec![]);
        for part in ["jeton", "jeton-core", "jeton-http", "jeton-service", "jeton-store", "jeton-store-sqlite"] {
            folders.push(crates.join(part).join("src"));
        }
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                match path.extension() {
                    Some(extension) if extension == "rs" => files.push(path),
                    _ if path.is_dir() => folders.push(path),
                    _ => {}
                }
            }
        }
        files
    }

    /// The words of a line as a shell splits them, up to a pipe, a redirection or a remark.
    fn words_of(line: &str) -> Vec<String> {
        let line = line.split(" | ").next().unwrap().split(" < ").next().unwrap().split(" > ").next().unwrap();
        let line = line.split("   ").next().unwrap_or(line).to_owned() + line.split_once("       ").map_or("", |_| "");
        let mut words = vec![String::new()];
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                letter => words.last_mut().unwrap().push(letter),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    /// Those that ask before they act; a file that asks and has none of these is found below.
    const ASKING: &[(&str, &str)] = &[
        ("admin", "jeton admin remove"),
        ("api", "jeton api create"),
        ("api", "jeton api delete"),
        ("api", "jeton api update"),
        ("apply", "jeton apply"),
        ("client", "jeton client delete"),
        ("client_secret", "jeton client secret revoke"),
        ("consent", "jeton consent revoke"),
        ("export", "jeton export"),
        ("grant", "jeton grant revoke"),
        ("group", "jeton group delete"),
        ("key", "jeton key revoke"),
        ("policy", "jeton policy set"),
        ("policy_exception", "jeton policy exception end"),
        ("provider", "jeton provider delete"),
        ("replacing", "jeton client update"),
        ("restore", "jeton backup restore accept-gap"),
        ("revoke", "jeton revoke"),
        ("role", "jeton role delete"),
        ("session", "jeton session revoke"),
        ("signing_key", "jeton signing-key revoke"),
        ("suspend", "jeton suspend"),
        ("user", "jeton user disable"),
        ("user", "jeton user erase"),
    ];

    #[test]
    fn help_says_which_commands_ask() {
        let mut root = Cli::command();
        root.build();
        let mut saying = vec![];
        each_command(&root, "", &mut |path, command| {
            let help = command.clone().render_long_help().to_string().replace('\n', " ");
            // What the flag for all of them says is said everywhere.
            let help = help.split("Everywhere:").next().unwrap().to_owned() + help.split("Examples:").nth(1).unwrap_or_default();
            if ["asks first", "It asks", "and asks"].iter().any(|words| help.contains(words)) {
                saying.push(path.to_owned());
            }
        });
        let missing: Vec<_> = ASKING.iter().filter(|(_, path)| !saying.iter().any(|said| said == path)).collect();
        assert!(missing.is_empty(), "the help of these does not say that they ask: {missing:?}");
        for file in sources().iter().filter(|file| std::fs::read_to_string(file).unwrap().contains(&["context", ".confirm("].concat())) {
            let stem = file.file_stem().unwrap().to_str().unwrap();
            assert!(ASKING.iter().any(|(name, _)| *name == stem), "{}: say in ASKING which of its commands asks", file.display());
        }
    }

    #[test]
    fn the_reference_page_is_fresh() {
        let page = include_str!("../../../docs/reference/command-line.md");
        assert!(page == reference::page(Cli::command()), "stale: run `cargo run -- reference > docs/reference/command-line.md`");
    }

    #[test]
    fn secrets_are_no_arguments() {
        let mut root = Cli::command();
        root.build();
        each_command(&root, "", &mut |path, command| {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                // The name of a file with it is none itself.
                let is_file = argument.get_value_names().is_some_and(|names| names.iter().all(|name| name.as_str() == "FILE"));
                assert!(
                    !name.contains("secret")
                        || is_file
                        || name == "secret_file"
                        || matches!(path, "jeton client secret revoke" | "jeton client secret suspend" | "jeton client secret resume"),
                    "{path} --{name}"
                );
                // A word that says where it comes from, or whether it does, is none itself.
                assert!(!name.contains("password") || matches!(name, "password_stdin" | "without_passwords"), "{path} --{name}");
            }
        });
    }
}
