//! Asking again whoever is busy or silent, after pauses that grow, as often as the asker wants.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;

use super::error::ClientError;
use super::send::ClientAnswer;

/// The first pause, which doubles with each further one, up to the longest.
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(8);

/// There is no answer, or none now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// How the other side says that it is busy, where it says anything.
    pub status: Option<StatusCode>,
    /// Why.
    pub why: String,
    /// Whether asking again may help.
    pub again: Again,
}

/// Whether and when to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It would not help.
    Never,
    /// After the next pause.
    Soon,
    /// After as long as the other side wants, within bounds.
    After(Duration),
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{status}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

/// The pauses between one attempt and the next.
#[derive(Clone, Debug)]
pub struct Pauses {
    next: Duration,
    left: Option<u32>,
}

impl Pauses {
    /// As many as it takes.
    pub const fn endless() -> Self {
        Self { next: FIRST, left: None }
    }

    /// Those between so many attempts.
    pub const fn between(attempts: u32) -> Self {
        Self { next: FIRST, left: Some(attempts.saturating_sub(1)) }
    }

    /// The next pause; none where it would not help, or was long enough.
    fn next(&mut self, again: Again) -> Option<Duration> {
        let wanted = match again {
            Again::Never => return None,
            Again::Soon => self.next,
            Again::After(wanted) => wanted,
        };
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1)?;
        }
        self.next = (self.next * 2).min(LONGEST);
        Some(wanted.min(LONGEST))
    }
}

impl From<ClientError> for Silence {
    fn from(error: ClientError) -> Self {
        // An address that is none stays none.
        let again = if matches!(error, ClientError::Url { .. }) { Again::Never } else { Again::Soon };
        Self { status: None, why: error.to_string(), again }
    }
}

/// The answer, unless it says that the other side, or what stands before it, only lacks time; `detail` reads what such
/// an answer tells.
pub fn heard(answer: ClientAnswer, detail: impl Fn(&[u8]) -> String) -> Result<ClientAnswer, Silence> {
    let is_busy = matches!(
        answer.status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::TOO_MANY_REQUESTS
    );
    if !is_busy {
        return Ok(answer);
    }
    // RFC 9110 §10.2.3; a date is not worth the reading.
    let seconds = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let again = seconds.map_or(Again::Soon, |seconds| Again::After(Duration::from_secs(seconds)));
    Err(Silence { status: Some(answer.status), why: detail(&answer.body), again })
}

/// Asks until there is an answer, or asking again would not help, or the pauses are used up.
pub async fn insist<T, E>(
    mut pauses: Pauses,
    mut ask: impl AsyncFnMut() -> Result<T, E>,
    mut again: impl FnMut(&E) -> Again,
) -> Result<T, E> {
    loop {
        let silence = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(silence) => silence,
        };
        match pauses.next(again(&silence)) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(silence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    #[test]
    fn pauses_grow_to_the_longest_unless_others_are_wanted() {
        let mut endless = Pauses::endless();
        let mut millis = |again| endless.next(again).map(|pause| pause.as_millis());
        assert_eq!([millis(Again::Soon), millis(Again::Soon), millis(Again::Soon)], [Some(250), Some(500), Some(1000)]);
        assert_eq!(millis(Again::After(Duration::from_secs(3))), Some(3000));
        assert_eq!(millis(Again::After(Duration::from_hours(1))), Some(8000));
        assert_eq!((0..100).filter_map(|_| millis(Again::Soon)).max(), Some(8000));
        assert_eq!(millis(Again::Never), None);
        let mut few = Pauses::between(3);
        assert_eq!([(); 3].map(|()| few.next(Again::Soon).is_some()), [true, true, false]);
        assert_eq!(Pauses::between(0).next(Again::Soon), None);
    }

    #[tokio::test]
    async fn whoever_is_busy_is_asked_again_as_often_as_was_said() {
        for (attempts, expected) in [(2, Err("busy")), (3, Ok(3)), (9, Ok(3))] {
            let (mut asked, mut told) = (0, 0);
            let ask = async || {
                asked += 1;
                if asked < 3 { Err("busy") } else { Ok(asked) }
            };
            let again = |_: &&str| {
                told += 1;
                Again::After(Duration::ZERO)
            };
            assert_eq!(insist(Pauses::between(attempts), ask, again).await, expected);
            assert_eq!(told, 2);
        }
    }

    #[test]
    fn what_is_no_address_is_not_asked_again() {
        let no_host = ClientError::Url {
            url: "x".to_owned(),
            reason: ("it names no host", "ホスト名がありません").into(),
        };
        assert_eq!(Silence::from(no_host).again, Again::Never);
        assert_eq!(Silence::from(ClientError::Redirect).again, Again::Soon);
    }

    #[test]
    fn a_busy_answer_says_when_to_come_again() {
        let answer = |status: u16, wait: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, http::HeaderValue::from_static(wait));
            let status = StatusCode::from_u16(status).unwrap();
            ClientAnswer { status, headers, body: bytes::Bytes::from_static(b"full"), url: String::new() }
        };
        let detail = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
        let busy = heard(answer(503, "2"), detail).unwrap_err();
        assert_eq!(busy.to_string(), "503 Service Unavailable: full");
        assert_eq!(busy.again, Again::After(Duration::from_secs(2)));
        assert_eq!(heard(answer(429, "soon"), detail).unwrap_err().again, Again::Soon);
        assert_eq!(heard(answer(500, "2"), detail).unwrap().status, 500);
    }
}
