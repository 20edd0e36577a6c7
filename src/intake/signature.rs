//! What proves a webhook. Invariants: signatures are compared in constant time; an empty one proves
//! nothing (Gitea sends one when its webhook has no secret).

use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Whether `signature` is the lower- or upper-case hexadecimal HMAC-SHA256 of `body` by `key`, as Gitea
/// sends it in `X-Gitea-Signature` (`services/webhook/deliver.go`: no prefix).
pub fn is_hmac_sha256(key: &SecretString, body: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = HEXLOWER_PERMISSIVE.decode(signature) else { return false };
    // HMAC takes a key of any length, so there is no error to tell.
    Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes())
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(&signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_of_the_body_by_the_key_proves_it() {
        // RFC 4231, test case 2.
        let key = SecretString::from("Jefe");
        let body = b"what do ya want for nothing?";
        let good = b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert!(is_hmac_sha256(&key, body, good));
        assert!(is_hmac_sha256(&key, body, &good.to_ascii_uppercase()));
        assert!(!is_hmac_sha256(&key, b"another body", good));
        assert!(!is_hmac_sha256(&SecretString::from("other"), body, good));
        for bad in [&b""[..], b"5b", &good[..62], b"sha256=5b", b"zz", b"5", &[0xff, 0xfe]] {
            assert!(!is_hmac_sha256(&key, body, bad));
        }
    }
}
