//! Short public names of incidents. Invariant: a name follows from the store's identity and the event that
//! opened the incident, so work that is done again after a crash gives the same name again.

use sha2::{Digest, Sha256};

/// Crockford's base 32 (<https://www.crockford.com/base32.html>): no letter looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The name for the incident that inbox row `inbox_id` opens in the store `store_id`: `vg-` and six digits
/// of base 32, 30 bits. `attempt` gives another name where one is taken already.
pub fn reference(store_id: &str, inbox_id: i64, attempt: u32) -> String {
    let digest = Sha256::digest(format!("{store_id}/{inbox_id}/{attempt}"));
    // The low five bits of each of the first six bytes.
    let digits = digest.iter().take(6).map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    "vg-".chars().chain(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_stable_and_another_attempt_gives_another() {
        let first = reference("store", 1, 0);
        assert_eq!(first, reference("store", 1, 0));
        assert_eq!(first.len(), 9);
        assert_ne!(first, reference("store", 1, 1));
        assert_ne!(first, reference("store", 2, 0));
        assert_ne!(first, reference("another", 1, 0));
    }
}
