//! Secrets, each in a file of its own. Invariants: a secret is never part of a mistake, even if someone
//! writes it where a path belongs; it is never empty; line ends after it do not belong to it.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::PathBuf,
};

use secrecy::SecretString;

use super::{
    document::{Entry, Files, Read as Reading},
    values,
};

/// More is no secret that a person put there on purpose.
const MOST_BYTES: u64 = 64 * 1024;

/// What a secret is used for, which says what it may look like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Travels in an HTTP header: visible ASCII only.
    Token,
    /// Key of an HMAC: any text.
    Key,
}

/// The secret in the file that `entry` names. Empty if files are left alone.
fn secret(entry: &Entry<'_>, form: Form) -> Reading<SecretString> {
    let path = values::path(entry)?;
    if entry.document.files == Files::Ignore {
        return Ok(SecretString::default());
    }
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        let (problem, remedy) = match error.kind() {
            ErrorKind::NotFound => ("no such file".to_owned(), "create it, or correct the path"),
            ErrorKind::PermissionDenied => {
                ("one that this user may not read".to_owned(), "give this user the right to read it")
            }
            ErrorKind::IsADirectory => ("a folder".to_owned(), "name the file in it"),
            _ => (error.to_string(), "make it readable"),
        };
        return Err(entry.mistake_found("a readable file with a secret", &shown(entry, &problem), remedy));
    }
    judge(&bytes, form).map_err(|(expected, found)| {
        entry.mistake_found(expected, &shown(entry, found), "write the secret alone into the file")
    })
}

/// The secret that goes into an HTTP header.
pub(super) fn token(entry: &Entry<'_>) -> Reading<SecretString> {
    secret(entry, Form::Token)
}

/// The secret that is the key of an HMAC.
pub(super) fn key(entry: &Entry<'_>) -> Reading<SecretString> {
    secret(entry, Form::Key)
}

/// The path of a secret that may come later.
pub(super) fn later(entry: &Entry<'_>) -> Reading<PathBuf> {
    let path = values::path(entry)?;
    if entry.document.files == Files::Read && !path.exists() {
        entry.warn("names no file yet, so this source can't be asked; it is looked for again");
    }
    Ok(path)
}

/// The problem with the path, if it is a path for certain: it could be the secret itself.
fn shown(entry: &Entry<'_>, problem: &str) -> String {
    match entry.text() {
        Ok(path) if ["/", "./", "../"].iter().any(|start| path.starts_with(start)) => {
            format!("{problem} ({path})")
        }
        _ => format!("{problem} (its name is not shown, in case it is the secret itself)"),
    }
}

/// The secret in a file's bytes, or what was expected and what came.
fn judge(bytes: &[u8], form: Form) -> Result<SecretString, (&'static str, &'static str)> {
    let one_line = "a file with one line of text";
    if bytes.len() as u64 > MOST_BYTES {
        return Err((one_line, "one of more than 64 KiB"));
    }
    let text = str::from_utf8(bytes).map_err(|_| (one_line, "one that is no UTF-8 text"))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.trim().is_empty() {
        return Err((one_line, "an empty one"));
    }
    if secret.chars().any(char::is_control) {
        return Err((one_line, "one with several lines or control characters"));
    }
    if form == Form::Token {
        let token = "a file with a token: visible ASCII characters without spaces";
        if secret.starts_with("Bot ") || secret.starts_with("Bearer ") {
            return Err((token, "one that begins with the word Bot or Bearer"));
        }
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err((token, "one with other characters"));
        }
    }
    Ok(SecretString::from(secret))
}
