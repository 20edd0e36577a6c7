//! What proves that a webhook comes from its source. Invariants: secrets are compared in constant time; what
//! does not come proves nothing, and neither does an empty value.

use std::borrow::Cow;

use hyper::{
    HeaderMap,
    header::{self, HeaderName},
};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use thiserror::Error;

use super::signature::is_hmac_sha256;

/// What a webhook is proven by.
#[derive(Clone, Debug)]
pub enum Proof {
    /// The bearer in `Authorization` (RFC 6750, section 2.1).
    Bearer(SecretString),
    /// An HMAC-SHA256 of the body, in hexadecimal.
    Hmac {
        /// The key.
        key: SecretString,
        /// The header that carries it.
        header: HeaderName,
        /// What stands before the digits.
        prefix: &'static str,
        /// The header whose value, followed by `:`, goes before the body, if one does.
        timestamp: Option<HeaderName>,
    },
}

/// Why a webhook is not proven. The text is meant for its sender and for the log.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected {expected}, found {found}: {remedy}")]
pub struct Unproven {
    expected: String,
    found: &'static str,
    remedy: String,
}

impl Proof {
    /// The HMAC without prefix that `header` carries.
    pub const fn hmac(key: SecretString, header: HeaderName) -> Self {
        Self::Hmac { key, header, prefix: "", timestamp: None }
    }

    /// Whether `headers` prove `signed`, the bytes that the source signs. `section` is where the secret is
    /// named in the configuration.
    ///
    /// # Errors
    /// If they do not.
    pub fn check(&self, headers: &HeaderMap, signed: &[u8], section: &str) -> Result<(), Unproven> {
        let (header, proven) = match self {
            Self::Bearer(token) => (&header::AUTHORIZATION, bears(headers, token)),
            Self::Hmac { key, header, prefix, timestamp } => {
                let value = value(headers, header);
                let digits = value.strip_prefix(prefix.as_bytes()).unwrap_or_default();
                let signed = timestamp.as_ref().map_or(Cow::Borrowed(signed), |name| {
                    Cow::Owned([self::value(headers, name), b":", signed].concat())
                });
                (header, is_hmac_sha256(key, &signed, digits))
            }
        };
        if proven {
            return Ok(());
        }
        let found = if value(headers, header).is_empty() { "none" } else { "another value" };
        let (expected, key) = match self {
            Self::Bearer(_) => ("'Bearer' and the token", "token_file"),
            Self::Hmac { .. } => ("the HMAC-SHA256 of the payload", "secret_file"),
        };
        Err(Unproven {
            expected: format!("in {} {expected}", title(header)),
            found,
            remedy: format!("set at the sender what the file holds that [{section}] {key} names"),
        })
    }
}

fn bears(headers: &HeaderMap, token: &SecretString) -> bool {
    let value = value(headers, &header::AUTHORIZATION);
    let Some((scheme, came)) = value.split_at_checked("Bearer ".len()) else { return false };
    let token = token.expose_secret().as_bytes();
    scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty() && bool::from(came.trim_ascii().ct_eq(token))
}

fn value<'h>(headers: &'h HeaderMap, name: &HeaderName) -> &'h [u8] {
    headers.get(name).map_or(&b""[..], |value| value.as_bytes().trim_ascii())
}

/// The header as documents write it (`X-Gitea-Signature`).
fn title(header: &HeaderName) -> String {
    let words = header.as_str().split('-').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or(("", word));
        format!("{}{rest}", first.to_ascii_uppercase())
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_bearer_is_the_whole_token_and_nothing_else() {
        let proof = Proof::Bearer("tok-1".into());
        let check = |value| proof.check(&headers(&[("authorization", value)]), b"", "sources.kuma");
        assert_eq!((check("Bearer tok-1"), check("bearer  tok-1 ")), (Ok(()), Ok(())));
        for bad in ["Bearer tok-", "Bearer tok-11", "Bearer ", "Bearer", "tok-1", "Basic tok-1", ""] {
            assert!(check(bad).is_err(), "{bad}");
        }
        let told = proof.check(&HeaderMap::new(), b"", "sources.kuma").unwrap_err().to_string();
        assert_eq!(
            told,
            "expected in Authorization 'Bearer' and the token, found none: \
             set at the sender what the file holds that [sources.kuma] token_file names"
        );
        assert!(Proof::Bearer("".into()).check(&headers(&[("authorization", "Bearer ")]), b"", "x").is_err());
    }

    #[test]
    fn a_time_stamp_is_part_of_what_is_signed() {
        // RFC 4231, test case 2: the text holds no colon, so its time stamp is the part before one here.
        let key = || SecretString::from("Jefe");
        let signature = HeaderName::from_static("x-signature");
        let plain = Proof::Hmac { key: key(), header: signature.clone(), prefix: "sha256=", timestamp: None };
        let text = b"what do ya want for nothing?";
        let digits = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let good = headers(&[("x-signature", &format!("sha256={digits}"))]);
        assert_eq!(plain.check(&good, text, "x"), Ok(()));
        assert!(plain.check(&headers(&[("x-signature", digits)]), text, "x").is_err());

        let stamped = Proof::Hmac {
            key: key(),
            header: signature,
            prefix: "sha256=",
            timestamp: Some(HeaderName::from_static("x-time")),
        };
        assert!(stamped.check(&good, text, "x").is_err(), "the time is not what was signed");
    }
}
