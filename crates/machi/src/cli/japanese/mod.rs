//! The command line in Japanese: every text of the help, by its English, and what is said of a command line that
//! cannot be understood.

mod words;

use std::error::Error as _;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

/// The headings of the help.
const TEMPLATE: &str = "{before-help}{about-with-newline}\n使い方: {usage}\n\n{all-args}{after-help}";
const COMMANDS: &str = "コマンド";
const ARGUMENTS: &str = "引数";
const OPTIONS: &str = "オプション";

/// The command with all its texts in Japanese.
pub(super) fn in_japanese(mut command: Command) -> Command {
    // What the library adds of its own, such as --help, is there only once it is built.
    command.build();
    translated(command)
}

fn translated(command: Command) -> Command {
    let about = command.get_about().map(of_styled);
    let after = command.get_after_help().map(of_styled);
    let mut command = command
        .help_template(TEMPLATE)
        .subcommand_help_heading(COMMANDS)
        .mut_args(argument)
        .mut_subcommands(translated);
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(after) = after {
        command = command.after_help(after);
    }
    command
}

fn argument(argument: Arg) -> Arg {
    let heading = if argument.is_positional() { ARGUMENTS } else { OPTIONS };
    let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let has_default = argument.get_action().takes_values() && !defaults.is_empty();
    let default = if has_default { format!(" [既定値: {}]", defaults.join(", ")) } else { String::new() };
    let help = argument.get_help().map(|help| format!("{}{default}", of_styled(help)));
    let argument = argument.help_heading(heading).hide_default_value(true).hide_possible_values(true);
    match help {
        // The long help of an option is its help; its possible values stand in it.
        Some(help) => argument.help(help.clone()).long_help(help),
        None => argument,
    }
}

fn of_styled(text: &StyledStr) -> String {
    words::of(&text.to_string()).map_or_else(|| text.to_string(), str::to_owned)
}

/// What is wrong with a command line; nothing where that is no fault, such as a wish for help.
pub(super) fn fault(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join("、")),
        _ => None,
    };
    let (argument, value) = (text(ContextKind::InvalidArg).unwrap_or_default(), text(ContextKind::InvalidValue));
    let wrong = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            format!("\"{}\"というコマンドはありません", text(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::UnknownArgument => format!("引数\"{argument}\"は使えません"),
        ErrorKind::MissingRequiredArgument => format!("次の引数が必要です: {argument}"),
        ErrorKind::InvalidValue if value.as_deref().is_none_or(str::is_empty) => format!("{argument}に値がありません"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let reason = error.source().map(|source| format!(": {source}")).unwrap_or_default();
            format!("{argument}の値\"{}\"が正しくありません{reason}", value.unwrap_or_default())
        }
        ErrorKind::ArgumentConflict => match text(ContextKind::PriorArg) {
            Some(other) if other != argument => format!("{argument}は{other}と同時に使えません"),
            _ => format!("{argument}は1回だけ指定できます"),
        },
        ErrorKind::TooManyValues => format!("{argument}に余分な値\"{}\"があります", value.unwrap_or_default()),
        ErrorKind::InvalidUtf8 => "引数がUTF-8ではありません".to_owned(),
        _ => return None,
    };
    let nearest = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let nearest = nearest.into_iter().find_map(text).map(|nearest| format!("\n\n近いもの: {nearest}"));
    let allowed = text(ContextKind::ValidValue).filter(|allowed| !allowed.is_empty());
    let allowed = allowed.map(|allowed| format!("\n\n指定できる値: {allowed}"));
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => format!("\n\n{}", usage.to_string().replace("Usage:", "使い方:")),
        _ => String::new(),
    };
    let (nearest, allowed) = (nearest.unwrap_or_default(), allowed.unwrap_or_default());
    Some(format!("machi: {wrong}{nearest}{allowed}{usage}\n\n詳しくは--helpを付けて実行してください\n"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;

    fn texts(command: &Command, found: &mut BTreeSet<String>) {
        found.extend([command.get_about(), command.get_after_help()].into_iter().flatten().map(ToString::to_string));
        found.extend(command.get_arguments().filter_map(Arg::get_help).map(ToString::to_string));
        command.get_subcommands().for_each(|command| texts(command, found));
    }

    #[test]
    fn every_text_has_its_japanese_and_no_japanese_is_left_over() {
        let mut command = super::super::Cli::command();
        command.build();
        let mut english = BTreeSet::new();
        texts(&command, &mut english);
        let known: BTreeSet<String> = words::WORDS.iter().map(|(english, _)| (*english).to_owned()).collect();
        assert_eq!(english, known);
        let mut japanese = BTreeSet::new();
        texts(&in_japanese(super::super::Cli::command()), &mut japanese);
        assert!(japanese.iter().all(|text| text.chars().any(|c| c > '\u{3000}')), "{japanese:?}");
    }

    #[test]
    fn whatever_is_said_wrong_is_told_in_japanese() {
        for (said, expected) in [
            ("machi sreve", "machi: \"sreve\"というコマンドはありません\n\n近いもの: "),
            ("machi serve --opne", "machi: 引数\"--opne\"は使えません\n\n近いもの: --open\n\n使い方: machi serve"),
            ("machi serve --listen here", "machi: --listen <ADDR:PORT>の値\"here\"が正しくありません: invalid socket"),
            ("machi import", "machi: 次の引数が必要です: <FILE>...\n\n使い方: machi import"),
            (
                "machi import --encoding x a.csv",
                "machi: --encoding <ENCODING>の値\"x\"が正しくありません\n\n指定できる値: utf8、cp932",
            ),
            ("machi serve --data", "machi: --data <DIR>に値がありません"),
            ("machi serve --open --open", "machi: --openは1回だけ指定できます"),
            ("machi version x", "machi: 引数\"x\"は使えません"),
        ] {
            let refused = in_japanese(super::super::Cli::command()).try_get_matches_from(said.split(' ')).unwrap_err();
            let told = fault(&refused).unwrap_or_else(|| panic!("{said}: {refused}"));
            assert!(told.starts_with(expected), "{told}");
        }
        let help = in_japanese(super::super::Cli::command()).try_get_matches_from(["machi", "help", "serve"]);
        assert_eq!(fault(&help.unwrap_err()), None);
    }
}
