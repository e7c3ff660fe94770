//! What goes wrong with a bucket: what happened, what it means and what to do, in both languages.

use std::error::Error as _;
use std::io::{self, ErrorKind};

use machi_history_lake::Unusable;
use machi_http::client::ClientError;
use machi_types::Text;
use object_store::Error;

/// As an error of a file.
pub(crate) fn told(error: &Error) -> io::Error {
    let said = chain(error);
    if matches!(error, Error::NotFound { .. }) && !said.contains("NoSuchBucket") {
        return io::Error::new(ErrorKind::NotFound, said);
    }
    if said.contains("InvalidRange") {
        return io::Error::new(ErrorKind::UnexpectedEof, said);
    }
    io::Error::other(Unusable(text(error, &said)))
}

fn text(error: &Error, said: &str) -> Text {
    if let Some(silent) = client_error(error) {
        let ja = silent.in_japanese();
        return Text::both(
            format!("the bucket does not answer: {silent}; see to the network, and to [history] endpoint"),
            format!("バケットから応答がありません: {ja}。ネットワークと[history] endpointを確認してください"),
        );
    }
    if said.contains("NoSuchBucket") {
        return Text::both(
            "there is no such bucket; make it, or correct [history] bucket",
            "バケットが存在しません。作成するか、[history] bucketを修正してください",
        );
    }
    if is_refusal(error, said) {
        return Text::both(
            "the bucket refuses these credentials; see to them, and that they may list, read, write and delete there",
            "バケットがこの認証情報を拒否しました。認証情報と、一覧・読み取り・書き込み・削除の権限を確認してください",
        );
    }
    Text::both(format!("the bucket answered: {said}"), format!("バケットの応答: {said}"))
}

fn is_refusal(error: &Error, said: &str) -> bool {
    let words = ["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"];
    matches!(error, Error::PermissionDenied { .. } | Error::Unauthenticated { .. })
        || words.iter().any(|word| said.contains(word))
}

/// What our own client said, where it was the one that failed.
fn client_error(error: &Error) -> Option<&ClientError> {
    let mut cause = error.source();
    while let Some(one) = cause {
        if let Some(ours) = one.downcast_ref::<ClientError>() {
            return Some(ours);
        }
        cause = one.source();
    }
    None
}

/// All that an error says. Addresses in it are those of files; nothing that signs a request is among it.
fn chain(error: &Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ").chars().take(500).collect()
}
